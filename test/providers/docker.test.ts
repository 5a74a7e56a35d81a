// The stand-in for the docker plugin against a real Docker engine. The tests build their images from nothing but a shell.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, realpathSync } from "node:fs";
import type { ServiceError } from "@grpc/grpc-js";
import { pack } from "tar-stream";
import { docker as provider } from "../../offline/plugins/docker/provider";
import { dockerClient } from "../../providers/runtime/docker";
import type { Props } from "../../providers/runtime/types";
import { secret } from "../../providers/runtime/wire";
import { projectId } from "../../lab/project";
import { eventually, failureOf, TestPulumi } from "./support";

const CONTAINER = "docker:index/container:Container";
const NETWORK = "docker:index/network:Network";
const VOLUME = "docker:index/volume:Volume";

const STACK = "test-standins";
const LABELS = [
    { label: "io.skep.stack", value: STACK },
    { label: "io.skep.project", value: projectId() },
];
const PREFIX = `skep-${STACK}`;
const IMAGE = `${PREFIX}:latest`;
/** The image's programs, each with the libraries that it needs. */
const PROGRAMS = ["/bin/sh", "/bin/sleep", "/bin/cat", "/bin/ls"];
const FOREVER = ["/bin/sh", "-c", "trap 'exit 0' TERM; while :; do /bin/sleep 0.1; done"];

const engineApi = dockerClient();

describe("the docker stand-in", function () {
    this.timeout(60_000);
    let pulumi: TestPulumi;

    before(async function () {
        const answer = await engineApi.ping().catch((error: Error) => error);
        if (answer instanceof Error) {
            console.log(`      skipped: no Docker engine answers (${answer.message})`);
            return this.skip();
        }
        await removeEverything();
        await importImage();
    });

    beforeEach(async () => {
        pulumi = await TestPulumi.inProcess(provider);
    });

    afterEach(async () => {
        await pulumi.stop();
        await removeEverything();
    });

    after(async () => {
        await engineApi
            .getImage(IMAGE)
            .remove({ force: true })
            .catch(() => undefined);
    });

    async function create(type: string, inputs: Props, name = "it") {
        const checked = await pulumi.check(type, { labels: LABELS, ...inputs });
        assert.deepEqual(checked.failures, []);
        return { ...(await pulumi.create(type, checked.inputs, { name })), inputs: checked.inputs };
    }

    function container(inputs: Props = {}, name?: string) {
        return create(CONTAINER, { name: `${PREFIX}-c`, image: IMAGE, command: FOREVER, ...inputs }, name);
    }

    async function changes(inputs: Props, state: Props, ignored: string[] = []): Promise<string[]> {
        return (await pulumi.diff(CONTAINER, inputs, inputs, state, ignored)).getDiffsList();
    }

    it("makes a network with its subnet, sees it, and removes it", async () => {
        const ipamConfigs = [{ subnet: "10.203.0.0/16", gateway: "10.203.255.254" }];
        const { id, outs, inputs } = await create(NETWORK, { name: `${PREFIX}-n`, ipamConfigs });
        assert.deepEqual(outs.ipamConfigs, ipamConfigs);
        assert.equal(outs.driver, "bridge");
        assert.equal(outs.scope, "local");
        assert.equal((await pulumi.read(NETWORK, id, outs, inputs)).id, id);
        await pulumi.delete(NETWORK, id, outs);
        assert.equal((await pulumi.read(NETWORK, id, outs, inputs)).id, "");
        await pulumi.delete(NETWORK, id, outs);
    });

    it("makes a volume, sees it, and removes it", async () => {
        const { id, outs, inputs } = await create(VOLUME, { name: `${PREFIX}-v` });
        assert.ok(existsSync(outs.mountpoint));
        assert.equal((await pulumi.read(VOLUME, id, outs, inputs)).id, id);
        await pulumi.delete(VOLUME, id, outs);
        assert.equal((await pulumi.read(VOLUME, id, outs, inputs)).id, "");
        await pulumi.delete(VOLUME, id, outs);
    });

    it("gives a name where the program gives none", async () => {
        const { outs } = await create(VOLUME, {}, "data");
        assert.match(outs.name, /^data-[0-9a-f]{7}$/);
    });

    it("makes a container with fixed address, ports, files, mounts, labels and capabilities", async () => {
        await create(NETWORK, { name: `${PREFIX}-n`, ipamConfigs: [{ subnet: "10.203.0.0/16" }] });
        await create(NETWORK, { name: `${PREFIX}-n2`, ipamConfigs: [{ subnet: "10.204.0.0/16" }] }, "second");
        await create(VOLUME, { name: `${PREFIX}-v` });
        const { id, outs } = await container(whole());
        const found = await engineApi.getContainer(id).inspect();
        assert.equal(found.Config.Hostname, "host-a");
        assert.equal(found.NetworkSettings.Networks[`${PREFIX}-n`]?.IPAddress, "10.203.7.7");
        assert.equal(found.NetworkSettings.Networks[`${PREFIX}-n2`]?.IPAddress, "10.204.7.7");
        assert.equal(found.NetworkSettings.Networks.bridge, undefined);
        assert.deepEqual(found.HostConfig.PortBindings, {
            "22/tcp": [{ HostIp: "127.0.0.1", HostPort: "20922" }],
            "80/tcp": [{ HostIp: "127.0.0.1", HostPort: "20980" }],
        });
        assert.deepEqual(found.HostConfig.Tmpfs, { "/run": "rw,exec", "/tmp": "" });
        assert.deepEqual(found.HostConfig.CapDrop, ["CAP_MKNOD"]);
        assert.deepEqual(found.HostConfig.CapAdd, ["CAP_NET_ADMIN", "CAP_SYS_PTRACE"]);
        assert.equal(found.HostConfig.RestartPolicy?.Name, "on-failure");
        assert.equal(found.Config.Labels["io.skep.stack"], STACK);
        assert.deepEqual(found.Mounts.map(({ Destination }) => Destination).sort(), ["/data", "/host-etc"]);

        assert.equal(await run(id, "/bin/cat /etc/made/up/a /etc/made/up/b"), "textmore");
        const addresses = (outs.networkDatas as Props[]).map(({ ipAddress }) => ipAddress).sort();
        assert.deepEqual(addresses, ["10.203.7.7", "10.204.7.7"]);
    });

    it("shows no change after it has made a container, whatever order and spelling the program has", async () => {
        await create(NETWORK, { name: `${PREFIX}-n`, ipamConfigs: [{ subnet: "10.203.0.0/16" }] });
        await create(NETWORK, { name: `${PREFIX}-n2`, ipamConfigs: [{ subnet: "10.204.0.0/16" }] }, "second");
        await create(VOLUME, { name: `${PREFIX}-v` });
        const { id, outs, inputs } = await container(whole());
        assert.deepEqual(await changes(inputs, outs), []);
        const read = await pulumi.read(CONTAINER, id, outs, inputs);
        assert.deepEqual(await changes(inputs, read.outs), []);
    });

    it("is replaced for capabilities without their prefix, since the engine answers with it", async () => {
        const { outs, inputs } = await container({ capabilities: { adds: ["NET_ADMIN"], drops: ["ALL"] } });
        assert.deepEqual(outs.capabilities, { adds: ["CAP_NET_ADMIN"], drops: ["ALL"] });
        const response = await pulumi.diff(CONTAINER, inputs, inputs, outs);
        assert.deepEqual(response.getReplacesList(), ["capabilities"]);
    });

    it("is replaced when it waited for its next start while it was read, since it has no ports then", async () => {
        const { id, outs, inputs } = await container({
            command: ["/bin/sh", "-c", "/bin/sleep 0.2; exit 1"],
            restart: "always",
            mustRun: false,
            ports: [{ internal: 80, external: 20980, ip: "127.0.0.1" }],
        });
        const read = await eventually(async () => {
            const { State } = await engineApi.getContainer(id).inspect();
            const { outs: now } = await pulumi.read(CONTAINER, id, outs, inputs);
            return State.Restarting && now.ports.length === 0 ? now : undefined;
        });
        const response = await pulumi.diff(CONTAINER, inputs, inputs, read);
        assert.deepEqual(response.getReplacesList(), ["ports"]);
    });

    it("does not see a change where changes are ignored", async () => {
        const { outs, inputs } = await container({ capabilities: { adds: ["NET_ADMIN"], drops: ["ALL"] } });
        assert.deepEqual(await changes(inputs, outs, ["capabilities"]), []);
    });

    it("shows changed temporary file systems at every look, since no update applies them", async () => {
        const { id, outs, inputs } = await container({ tmpfs: { "/run": "rw" } });
        const news = { ...inputs, tmpfs: { "/run": "rw", "/tmp": "rw" } };
        assert.deepEqual(await changes(news, outs), ["tmpfs"]);
        assert.deepEqual(await changes(news, await pulumi.update(CONTAINER, id, outs, news)), ["tmpfs"]);
    });

    it("keeps the content of a secret upload secret, and the rest of it readable", async () => {
        const uploads = [{ file: "/key", content: secret("pass-word") }];
        const { outs } = await container({ uploads });
        assert.deepEqual(outs.uploads, uploads);
    });

    it("updates the restart policy of the running container", async () => {
        const { id, outs, inputs } = await container();
        const started = (await engineApi.getContainer(id).inspect()).State.StartedAt;
        const news = { ...inputs, restart: "on-failure" };
        assert.deepEqual((await pulumi.diff(CONTAINER, inputs, news, outs)).getReplacesList(), []);
        const updated = await pulumi.update(CONTAINER, id, outs, news);
        const found = await engineApi.getContainer(id).inspect();
        assert.deepEqual(found.HostConfig.RestartPolicy, { Name: "on-failure", MaximumRetryCount: 0 });
        assert.equal(found.State.StartedAt, started);
        assert.deepEqual(await changes(news, updated), []);
    });

    it("is replaced, the old one first, for what cannot change in place", async () => {
        const state = { image: "a", hostname: "h", uploads: [{ file: "/a", content: "1" }] };
        const news = { image: "a", hostname: "i", uploads: [{ file: "/a", content: "2" }] };
        const response = await pulumi.diff(CONTAINER, state, news);
        assert.deepEqual(response.getReplacesList(), ["hostname", "uploads"]);
        assert.equal(response.getDeletebeforereplace(), true);
    });

    it("starts a stopped container that must run, and keeps one that need not as it is", async () => {
        const must = await container();
        await engineApi.getContainer(must.id).kill();
        const read = await pulumi.read(CONTAINER, must.id, must.outs, must.inputs);
        assert.deepEqual(await changes(must.inputs, read.outs), ["mustRun"]);
        await pulumi.update(CONTAINER, must.id, read.outs, must.inputs);
        assert.equal((await engineApi.getContainer(must.id).inspect()).State.Running, true);

        const ports = [{ internal: 80, external: 20980, ip: "127.0.0.1" }];
        const may = await container({ name: `${PREFIX}-may`, mustRun: false, ports }, "may");
        await engineApi.getContainer(may.id).kill();
        const stopped = await pulumi.read(CONTAINER, may.id, may.outs, may.inputs);
        assert.equal(stopped.outs.exitCode, 137);
        assert.deepEqual(await changes(may.inputs, stopped.outs), []);
    });

    it("counts a missing container as gone, and deleting it again is fine", async () => {
        const { id, outs, inputs } = await container();
        await pulumi.delete(CONTAINER, id, outs);
        assert.equal((await pulumi.read(CONTAINER, id, outs, inputs)).id, "");
        await pulumi.delete(CONTAINER, id, outs);
    });

    it("deletes at once a container that ignores every polite signal", async () => {
        const deaf = ["/bin/sh", "-c", "trap '' TERM INT; while :; do /bin/sleep 1; done"];
        const { id, outs } = await container({ command: deaf });
        const asked = Date.now();
        await pulumi.delete(CONTAINER, id, outs);
        assert.ok(Date.now() - asked < 5000, `took ${Date.now() - asked} ms`);
    });

    it("refuses a name that another container has, and leaves that alone", async () => {
        const first = await container();
        const failure = await failureOf(container({}, "other"));
        assert.match(failure.details, /already in use/);
        assert.equal((await engineApi.getContainer(first.id).inspect()).State.Running, true);
    });

    it("keeps a container that could not be started, or not be moved to its network, in state", async () => {
        const [unstarted, unmoved] = [`${PREFIX}-unstarted`, `${PREFIX}-unmoved`];
        const first = await failureOf(container({ name: unstarted, command: ["/no/such/program"] }));
        const second = await failureOf(container({ name: unmoved, networksAdvanced: [{ name: "missing" }] }));
        for (const [failure, name] of [[first, unstarted] as const, [second, unmoved] as const]) {
            const { Id, State } = await engineApi.getContainer(name).inspect();
            assert.equal(State.Status, "created");
            assert.ok(detailsOf(failure).includes(Id), `${name}'s id is not in the failure's details`);
        }
    });

    it("makes a container without starting it if asked", async () => {
        const { id, outs, inputs } = await container({ start: false, mustRun: false });
        assert.equal((await engineApi.getContainer(id).inspect()).State.Running, false);
        assert.equal((await pulumi.read(CONTAINER, id, outs, inputs)).id, id);
    });

    it("refuses what it does not cover, inside of objects too", async () => {
        const inputs = {
            image: IMAGE,
            shmSize: 64,
            uploads: [{ file: "/a", source: "/b" }],
            restart: "soon",
        };
        const { failures } = await pulumi.check(CONTAINER, inputs);
        assert.equal(failures.length, 3);
        assert.match(failures[0] ?? "", /^shmSize: 'shmSize' of \S+ is not covered/);
        assert.match(failures[1] ?? "", /^restart: expected restart to be one of/);
        assert.match(failures[2] ?? "", /^uploads: 'uploads.source' is not covered/);
        const network = await pulumi.check(NETWORK, { ipv6: true, ipamConfigs: [{ ipRange: "10.0.0.0/8" }] });
        assert.deepEqual(
            network.failures.map((failure) => failure.split(":")[0]),
            ["ipv6", "ipamConfigs"],
        );
    });

    it("takes a network for gone when the engine cannot tell of it", async () => {
        const { id, outs, inputs } = await create(NETWORK, { name: `${PREFIX}-n` });
        const before = process.env.DOCKER_HOST;
        try {
            await pulumi.configure({ host: "unix:///no/such/docker.sock", version: "5.2.0" });
            assert.equal((await pulumi.read(NETWORK, id, outs, inputs)).id, "");
        } finally {
            if (before === undefined) delete process.env.DOCKER_HOST;
            else process.env.DOCKER_HOST = before;
        }
    });

    it("talks to the engine that its configuration names, and refuses other configuration", async () => {
        const before = process.env.DOCKER_HOST;
        try {
            await pulumi.configure({ host: "unix:///no/such/docker.sock", version: "5.2.0" });
            const failure = await failureOf(create(VOLUME, { name: `${PREFIX}-v` }));
            assert.match(failure.details, /\/no\/such\/docker\.sock/);
        } finally {
            if (before === undefined) delete process.env.DOCKER_HOST;
            else process.env.DOCKER_HOST = before;
        }
        const failure = await failureOf(pulumi.configure({ registryAuth: "[]" }));
        assert.match(failure.details, /^the configuration docker:registryAuth is not covered/);
    });

    it("names a type that it does not cover", async () => {
        const failure = await failureOf(pulumi.create("docker:index/image:Image", {}));
        assert.match(
            failure.details,
            /^docker:index\/image:Image is not covered: .*covers only what Skep uses/,
        );
    });
});

/** A container with every input that is read back, in the program's own order. */
function whole(): Props {
    return {
        hostname: "host-a",
        networksAdvanced: [
            { name: `${PREFIX}-n2`, ipv4Address: "10.204.7.7" },
            { name: `${PREFIX}-n`, ipv4Address: "10.203.7.7" },
        ],
        ports: [
            { internal: 80, external: 20980, ip: "127.0.0.1" },
            { internal: 22, external: 20922, ip: "127.0.0.1" },
        ],
        uploads: [
            { file: "/etc/made/up/a", content: "text" },
            { file: "/etc/made/up/b", content: "more" },
        ],
        capabilities: { adds: ["CAP_SYS_PTRACE", "CAP_NET_ADMIN"], drops: ["CAP_MKNOD"] },
        tmpfs: { "/tmp": "", "/run": "rw,exec" },
        volumes: [{ volumeName: `${PREFIX}-v`, containerPath: "/data" }],
        mounts: [{ type: "bind", source: "/etc", target: "/host-etc", readOnly: true }],
        restart: "on-failure",
        stopSignal: "SIGRTMIN+3",
        stopTimeout: 3,
        securityOpts: ["no-new-privileges", "apparmor=unconfined"],
    };
}

/** What Pulumi is told about a resource that exists and is not as asked, its id among others. */
function detailsOf(failure: ServiceError): string {
    return String(failure.metadata.get("grpc-status-details-bin")[0]);
}

/** Runs a script inside the container and returns what it prints. */
async function run(id: string, script: string): Promise<string> {
    return execFileSync("docker", ["exec", id, "/bin/sh", "-c", script], { encoding: "utf8" });
}

/** Removes everything with the label of these tests. */
async function removeEverything(): Promise<void> {
    const filters = { label: [`io.skep.stack=${STACK}`] };
    for (const { Id } of await engineApi.listContainers({ all: true, filters })) {
        await engineApi.getContainer(Id).remove({ force: true, v: true });
    }
    for (const { Id } of await engineApi.listNetworks({ filters })) await engineApi.getNetwork(Id).remove();
    for (const { Name } of (await engineApi.listVolumes({ filters })).Volumes) {
        await engineApi.getVolume(Name).remove();
    }
}

async function importImage(): Promise<void> {
    const archive = pack();
    const files = new Set(PROGRAMS.flatMap((program) => [program, ...librariesOf(program)]));
    for (const file of files)
        archive.entry({ name: file.slice(1), mode: 0o755 }, readFileSync(realpathSync(file)));
    archive.entry({ name: "etc/", type: "directory" });
    archive.finalize();
    // The library's types know neither tar-stream's streams nor that this call returns a promise.
    const source = archive as unknown as NodeJS.ReadableStream;
    const importing = engineApi.importImage(source, { repo: PREFIX, tag: "latest" }) as unknown;
    const progress = await (importing as Promise<NodeJS.ReadableStream>);
    await new Promise<void>((resolve, reject) => {
        engineApi.modem.followProgress(progress, (error) => (error ? reject(error) : resolve()));
    });
}

function librariesOf(program: string): string[] {
    const printed = execFileSync("ldd", [program], { encoding: "utf8" });
    return [...printed.matchAll(/(\/\S+) \(0x/g)].map(([, path]) => path as string);
}
