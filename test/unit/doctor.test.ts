// What doctor says of machines that are not this one, and of this one.

import assert from "node:assert/strict";
import { diagnose, type Diagnosis, refuseUnfit, report } from "../../cli/commands/doctor";
import { checkSettings } from "../../config/settings";
import { exitCodeOf, skepError } from "../../errors";
import type { EngineFacts, Machine } from "../../lab/doctor";
import { kernelHas } from "../../planning/fitness";
import { Lab } from "../lab/lab";
import { assertMatches } from "../support/schema";

const GIB = 1024 ** 3;
const ENGINE: EngineFacts = {
    endpoint: "unix:///var/run/docker.sock",
    version: "27.5.1",
    api: "1.47",
    isRemote: false,
    root: "/var/lib/docker",
    cgroups: "2",
    security: ["name=seccomp,profile=builtin"],
    warnings: [],
    hosts: ["other", "other", "dev"],
};
const FILES: Record<string, string> = {
    "/proc/self/status": "CapBnd:\t000001ffffffffff\n",
    "/proc/modules": "ip_vs 200704 0 - Live 0x0000000000000000\n",
    "/proc/config.gz": "CONFIG_VXLAN=y\nCONFIG_OVERLAY_FS=y\nCONFIG_INET_ESP=y\nCONFIG_IP_VS=m\n",
    "/proc/sys/fs/inotify/max_user_instances": "128\n",
};

/** A machine that is fit, but for these differences. */
function machine(other: Partial<Machine> & { files?: Record<string, string | undefined> } = {}): Machine {
    const files: Record<string, string | undefined> = { ...FILES, ...other.files };
    return {
        platform: "linux",
        node: "22.1.0",
        environment: {},
        canInstall: true,
        read: (path) => Promise.resolve(files[path]),
        exists: (path) => path === "/proc/self/ns/cgroup",
        memory: () => Promise.resolve({ total: 16 * GIB, available: 8 * GIB }),
        free: () => Promise.resolve(50 * GIB),
        engine: () => Promise.resolve(ENGINE),
        ranges: () => Promise.resolve({ labPorts: 21000, labSubnet: "10.190.0.0/20" }),
        sites: () => Promise.resolve({ "the npm registry": true, "Docker Hub": true }),
        ...other,
    };
}

async function look(other: Parameters<typeof machine>[0] = {}): Promise<Diagnosis> {
    const { settings } = checkSettings("dev", { hosts: "lab" });
    assert.ok(settings);
    const diagnosis = await diagnose(machine(other), { stack: "dev", settings, file: "/nowhere" });
    assertMatches("doctor", diagnosis);
    return diagnosis;
}

const of = ({ findings }: Diagnosis, name: string) => {
    const { fitness, found, mend } = findings.find((finding) => finding.name === name) ?? {};
    return `${fitness}: ${found} ${mend}`;
};

describe("Doctor", function () {
    this.timeout(60_000);

    it("finds nothing on a machine that is fit, and names the next command", async () => {
        const found = await look();
        assert.deepEqual(
            found.findings.filter(({ fitness }) => fitness !== "fit"),
            [],
        );
        assert.equal(found.fit, true);
        refuseUnfit(found);
        assert.match(report(found, {}).at(-1) ?? "", /Next: npm run up$/);
        assert.doesNotMatch(report(found, { quiet: true }).join("\n"), /Next/);
    });

    it("says what keeps a lab from coming up, and how to mend it, with an exit code for scripts", async () => {
        const found = await look({
            memory: () => Promise.resolve({ total: 1 * GIB, available: 0.5 * GIB }),
            free: (path) => Promise.resolve(path === "/var/lib/docker" ? 1 * GIB : 50 * GIB),
            ranges: () => Promise.reject(skepError("LAB_SUBNET", "No block is free.", "Destroy a stack.")),
            files: { "/proc/sys/fs/inotify/max_user_instances": "64" },
        });
        assert.equal(found.fit, false);
        assert.match(
            of(found, "memory"),
            /^unfit: 0\.5 GiB of 1\.0 GiB are available, .* Give the machine more/,
        );
        assert.match(
            of(found, "disk"),
            /^unfit: 1\.0 GiB are free at \/var\/lib\/docker, .* Free some space/,
        );
        assert.equal(of(found, "ports"), "unfit: No block is free. Destroy a stack.");
        assert.match(
            of(found, "inotify"),
            /^unfit: .* lets 7 lab hosts run, and there would be 8\. .*sysctl/,
        );
        assert.throws(
            () => refuseUnfit(found),
            /^SkepError: MACHINE_UNFIT: .* see memory, disk, inotify, ports\./,
        );
        assert.equal(exitCodeOf("MACHINE_UNFIT"), 8);
        for (const line of report(found, {})) assert.ok(line.length <= 80, line);
    });

    it("names what a lab goes without on a kernel that lacks something", async () => {
        const found = await look({
            files: {
                "/proc/modules": "",
                "/proc/config.gz": "CONFIG_OVERLAY_FS=y\nCONFIG_IP_VS=m\n",
                "/proc/self/status": "CapBnd:\t000001fffeffffff\n",
            },
        });
        assert.match(of(found, "VXLAN"), /^unfit: The kernel has none: overlay networks between hosts/);
        assert.match(of(found, "ESP"), /^limited: .*encrypted overlay networks.* CONFIG_INET_ESP\./);
        assert.match(of(found, "IPVS"), /^limited: The kernel has none: there is no routing mesh/);
        assert.match(of(found, "capabilities"), /^limited: This machine withholds SYS_RESOURCE: /);
        assert.match(
            of(await look({ files: { "/proc/self/status": undefined } }), "capabilities"),
            /^unfit: .*NET_ADMIN/,
        );
    });

    it("knows a part of a kernel by what is loaded, built in or loadable, and admits when nothing says so", () => {
        const has = (evidence: object) => kernelHas(evidence, "CONFIG_IP_VS", "ip_vs");
        assert.equal(has({ loaded: "ip_vs_rr 1 0\n" }), undefined);
        assert.equal(has({ loaded: "ip_vs 1 0\n" }), "now");
        assert.equal(has({ config: "CONFIG_IP_VS=y\n" }), "now");
        assert.equal(has({ config: "CONFIG_IP_VS_RR=y\n" }), "no");
        const modules = "kernel/net/netfilter/ipvs/ip_vs.ko.xz: kernel/lib/libcrc32c.ko\n";
        assert.equal(has({ config: "CONFIG_IP_VS=m\n", modules }), "loadable");
        assert.equal(has({ config: "CONFIG_IP_VS=m\n", modules: "kernel/other.ko:\n" }), "no");
        assert.equal(has({ modules }), "loadable");
    });

    it("says how to load IPVS where the kernel has it and lab hosts may not load it", async () => {
        const release = (await import("node:os")).release();
        const found = await look({
            files: {
                "/proc/modules": "",
                [`/lib/modules/${release}/modules.dep`]: "kernel/ip_vs.ko: kernel/x.ko\n",
            },
        });
        assert.match(of(found, "IPVS"), /^limited: .* is not loaded, .* sudo modprobe ip_vs$/);
    });

    it("judges the engine: missing, elsewhere, old, without root", async () => {
        const docker = async (engine: Partial<EngineFacts> | undefined, canInstall = true) =>
            of(
                await look({
                    canInstall,
                    engine: () => Promise.resolve(engine && { ...ENGINE, ...engine }),
                }),
                "Docker",
            );
        assert.match(await docker(undefined), /^fit: No engine runs: up installs/);
        assert.match(await docker(undefined, false), /^unfit: No Docker engine runs/);
        assert.match(await docker({ isRemote: true }), /^unfit: .* on another machine/);
        assert.match(await docker({ api: "1.39" }), /^unfit: .* API 1\.39 only\. .* 1\.41/);
        assert.match(await docker({ security: ["name=rootless"] }), /^limited: .* with rootless/);
        const refused = () =>
            Promise.reject(skepError("DOCKER_UNSUITED", "Podman answers.", "Take another."));
        const found = await look({ engine: refused });
        assert.equal(of(found, "Docker"), "unfit: Podman answers. Take another.");
        assert.match(of(found, "ports"), /^unfit|^unknown/);
    });

    it("says which limits do not hold, which proxy is out of reach, and which sites are silent", async () => {
        const found = await look({
            engine: () => Promise.resolve({ ...ENGINE, warnings: ["WARNING: No memory limit support"] }),
            environment: { https_proxy: "http://127.0.0.1:3128" },
            sites: () => Promise.resolve({ "the npm registry": true, "Docker Hub": false }),
        });
        assert.match(of(found, "cgroups"), /^limited: .* No memory limit support/);
        assert.match(of(found, "proxy"), /^limited: The proxy is on this machine's loopback/);
        assert.match(of(found, "sites"), /^limited: No answer from Docker Hub: /);
        const wrong = await look({ environment: { https_proxy: "socks5://user:word@proxy" } });
        assert.match(of(wrong, "proxy"), /^unfit: The value of https_proxy is no HTTP proxy\./);
        assert.doesNotMatch(JSON.stringify(wrong), /word@/);
        const alone = { "the npm registry": false, "Docker Hub": false };
        assert.match(
            of(await look({ sites: () => Promise.resolve(alone) }), "sites"),
            /^unfit: No site answers/,
        );
    });

    it("does not take the kernel of another system for Docker's", async () => {
        const found = await look({ platform: "darwin" });
        for (const name of ["VXLAN", "cgroups", "capabilities", "inotify"])
            assert.match(of(found, name), /^unknown: The kernel is that of Docker's virtual machine/, name);
        assert.equal(found.fit, true);
    });

    it("prints JSON as documented for this machine, and refuses a stack that is not there", async () => {
        const command = new Lab("dev").start("doctor", "--json");
        const code = await command.result();
        const diagnosis = JSON.parse(command.said.slice(command.said.indexOf("{"))) as Diagnosis;
        assertMatches("doctor", diagnosis);
        assert.equal(code, diagnosis.fit ? 0 : exitCodeOf("MACHINE_UNFIT"));
        const missing = new Lab("no-such-stack").start("doctor");
        assert.equal(await missing.result(), exitCodeOf("STACK_UNKNOWN"));
    });
});
