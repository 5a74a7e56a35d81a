// Reservations of labs from several clones on one machine.

import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { writeWhole } from "../../scripts/setup/cache";
import { pulumiError, knownProblem } from "../../scripts/setup/known-failures";
import { FakeEngine } from "../support/fake-engine";
import { forgetReservation, isReserved, reserving, type Reserved } from "../../lab/reservations";

describe("what a lab has reserved on this machine", () => {
    let home: string;
    const outside = process.env.XDG_CACHE_HOME;

    beforeEach(async () => {
        home = await mkdtemp(join(tmpdir(), "skep-test-"));
        process.env.XDG_CACHE_HOME = join(home, "cache");
    });
    afterEach(async () => {
        if (outside === undefined) delete process.env.XDG_CACHE_HOME;
        else process.env.XDG_CACHE_HOME = outside;
        await rm(home, { recursive: true, force: true });
    });

    const fileOf = (clone: string) => join(home, clone, ".skep/stacks/dev.yaml");
    const noted: string[] = [];
    const note = (text: string) => void noted.push(text);
    /** Chooses the first block of ports that no other lab has, slowly. */
    const choose = (clone: string) =>
        reserving(fileOf(clone), note, async ({ own, others }: Reserved) => {
            const isFree = (base: number) =>
                others.every(({ labPorts = 0 }) => labPorts < base || labPorts >= base + 200);
            const ports = own.labPorts ?? [1000, 2000, 3000].find(isFree);
            await sleep(50);
            await writeWhole(fileOf(clone), JSON.stringify({ config: { "skep:labPorts": ports } }));
            return ports;
        });

    it("differs between clones that choose at the same moment", async () => {
        const chosen = await Promise.all(["a", "b", "c"].map(choose));
        assert.deepEqual(chosen.sort(), [1000, 2000, 3000]);
    }).timeout(20_000);

    it("is the same for two commands on one stack", async () => {
        assert.deepEqual(await Promise.all([choose("a"), choose("a")]), [1000, 1000]);
    }).timeout(20_000);

    it("is free again when the stack is gone, or the whole clone", async () => {
        await choose("a");
        await choose("b");
        assert.ok(isReserved(fileOf("a")));
        await forgetReservation(fileOf("a"));
        await rm(join(home, "b"), { recursive: true });
        assert.equal(await choose("c"), 1000);
        assert.ok(!isReserved(fileOf("b")));
        assert.ok(existsSync(fileOf("c")));
    }).timeout(20_000);

    it("is what Docker shows where its file cannot be read, and that is said", async () => {
        const HostConfig = { PortBindings: { "22/tcp": [{ HostIp: "127.0.0.1", HostPort: "1010" }] } };
        const docker = await new FakeEngine(({ path, query }) => {
            if (path === "/containers/json" && /io.skep.stack=dev"\]/.test(query.get("filters") ?? ""))
                return [{ Id: "c1" }];
            return path === "/containers/c1/json" ? { HostConfig } : undefined;
        }).listen();
        const { DOCKER_HOST } = process.env;
        process.env.DOCKER_HOST = `unix://${docker.socket}`;
        try {
            await choose("a");
            await writeWhole(fileOf("a"), "config: {skep:labPorts: [");
            assert.equal(await choose("b"), 2000);
            assert.equal(noted.length, 1);
            assert.match(noted[0] ?? "", /\/a\/\.skep\/stacks\/dev\.yaml .*dev\.yaml cannot be read/);
            assert.equal(await choose("b"), 2000);
        } finally {
            if (DOCKER_HOST === undefined) delete process.env.DOCKER_HOST;
            else process.env.DOCKER_HOST = DOCKER_HOST;
            await docker.close();
        }
    }).timeout(20_000);
});

describe("what an engine says in passing", () => {
    for (const [said, id] of [
        ["write .pulumi/stacks/dev.json: no space left on device", "DISK_FULL"],
        ["Bind for 127.0.0.1:21000 failed: port is already allocated", "LAB_PORTS_TAKEN"],
        ["listen tcp4 127.0.0.1:21000: bind: address already in use", "LAB_PORTS_TAKEN"],
        ["Pool overlaps with other one on this address space", "LAB_SUBNET_TAKEN"],
    ] as const)
        it(`is shown as ${id}: ${said}`, () => {
            const problem = knownProblem(`first\n${said}\nlast`);
            assert.equal(problem?.id, id);
            assert.ok(problem?.problem.endsWith(said));
        });

    it("is a wrong passphrase's own sentence, and no more of it", () => {
        assert.equal(knownProblem("error: incorrect passphrase")?.id, "PASSPHRASE_WRONG");
    });

    it("is found in all that its command line prints", () => {
        const printed = "code: 255\n stderr: Command failed\nerror: no such folder.\n err?: more\n";
        assert.equal(pulumiError(printed), "no such folder");
        assert.equal(pulumiError("it broke\nhere"), "it broke");
    });

    it("is left as it is when it is unknown", () => {
        assert.equal(knownProblem("the swarm has no leader"), undefined);
    });
});
