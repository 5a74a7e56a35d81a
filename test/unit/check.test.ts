// `check`: how checks run side by side, what those find that only it runs, and what it prints.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { resolve } from "node:path";
import { checkText, chosenChecks, deployedIn } from "../../cli/commands/check";
import { SkepError, skepError } from "../../errors";
import { EXIT_CODES } from "../../errors/problem-group";
import { digestOf } from "../../planning/convergence";
import type { SwarmNode, SwarmService } from "../../planning/engine-api";
import { firstCode } from "../../planning/finding";
import type { Check, Expected } from "../../swarm/checks/check";
import { drift } from "../../swarm/checks/drift";
import { ALL_CHECKS } from "../../swarm/checks/list";
import { certificates, hosts, lock, logs, versions } from "../../swarm/checks/on-hosts";
import { runChecks } from "../../swarm/checks/run";
import { votes } from "../../swarm/checks/votes";
import { ConnectionError, NoManager } from "../../swarm/failures";
import type { Host } from "../../swarm/host";
import type { Swarm } from "../../swarm/swarm";
import { sealedKeyFile } from "../support/key-file";
import { assertMatches } from "../support/schema";

const GONE = new ConnectionError("HOST_UNREACHABLE", "worker-1 cannot be reached.", "Start it.");
const KEY = `SWMKEY-1-${randomBytes(32).toString("base64").replace(/=+$/, "")}`;

/** Two hosts. `says` gives what a script says on each; undefined if the host cannot be reached. */
function expecting(says: (name: string, mode: string) => unknown, more: Partial<Expected> = {}): Expected {
    const all = ["manager-1", "worker-1"].map((name) => ({
        ...{
            nodeId: name,
            zone: "a",
            role: name === "manager-1" ? ("manager" as const) : ("worker" as const),
        },
        host: {
            ...{ name, address: "10.0.0.1" },
            script: async (_text: string, { MODE = "look" }: Record<string, string>) => {
                const said = says(name, MODE);
                if (said === undefined) throw GONE;
                return said;
            },
            call: async (_method: string, path: string) => {
                if (says(name, "look") === undefined) throw GONE;
                return path === "/info" ? { ServerVersion: "29.1.0" } : { Components: [] };
            },
        } as unknown as Host,
    }));
    const registry = { server: "r:5000", username: "skep", password: "secret" };
    return { hosts: all, stacks: [], registry, unlockKey: KEY, certificates: {}, ...more };
}

function swarmOf(members: () => Promise<SwarmNode[]>, services: SwarmService[] = []): Swarm {
    const swarm = {
        ctx: { signal: new AbortController().signal, log: () => undefined },
        during: () => swarm,
        members,
        services: async () => services,
        look: async () => [{ host: { name: "manager-1" }, error: "manager-1 cannot be reached" }],
    };
    return swarm as unknown as Swarm;
}

const manager = (name: string, Reachability: "reachable" | "unreachable") =>
    ({
        ...{ ID: name, Version: { Index: 1 }, Spec: { Role: "manager", Availability: "active" } },
        ...{ Description: { Hostname: name }, Status: { State: "ready" } },
        ManagerStatus: { Reachability, Leader: name === "m1" },
    }) as SwarmNode;
const nobody = () => Promise.reject(new NoManager([GONE]));
const quiet = swarmOf(async () => []);
const LOOKED = {
    ...{ now: Date.now(), load: 0, memory: { totalKib: 1, freeKib: 1 }, disk: null },
    certificate: null,
    ...{ daemon: "", record: "" },
};
const idsOf = async (found: Promise<readonly { id: string }[]>) => (await found).map(({ id }) => id);

describe("Checks side by side", () => {
    const passing: Check = { name: "passing", sentence: "all is well", run: async () => [] };
    const failing: Check = {
        ...{ name: "failing", sentence: "nothing fails" },
        run: () => Promise.reject(skepError("HOST_SCRIPT", "A script failed.", "Look at it.")),
    };
    const hanging: Check = {
        ...{ name: "hanging one", sentence: "nothing hangs", limitMs: 20 },
        run: () => new Promise(() => undefined),
    };
    const blind: Check = { name: "blind", sentence: "a manager says it", run: nobody };

    it("hide no other's result when one fails or hangs, and say which of them still run", async () => {
        const running: string[] = [];
        const all = [passing, failing, hanging, blind];
        const found = await runChecks(
            all,
            quiet,
            expecting(() => LOOKED),
            (names) => running.push(names.join()),
        );
        assert.deepEqual(
            found.map(({ result, findings }) => [result, ...findings.map(({ id }) => id)]),
            [["pass"], ["fail", "HOST_SCRIPT"], ["unseen", "CHECK_TIMED_OUT"], ["unseen", "CHECK_UNSEEN"]],
        );
        assert.deepEqual(
            [running[0], running.at(-2), running.at(-1)],
            [...["passing,failing,hanging one,blind", "hanging one", ""]],
        );
        assert.equal(firstCode(found.flatMap(({ findings }) => findings)), EXIT_CODES.host);
        const locked = { id: "MANAGER_LOCKED", problem: "", advice: "", severity: "error" } as const;
        assert.equal(firstCode([locked]), EXIT_CODES.swarm);
        const text = checkText(found);
        assert.deepEqual(
            text.filter((line) => line.length > 80),
            [],
        );
        assert.match(text.join("\n"), /✗ failing .*\n +HOST_SCRIPT: A script failed\.\n +Look at it\./);
        assert.match(text.at(-1)!, /^1 passed, 1 failed, 2 could not look at everything\.$/);
    });

    it("leave nothing behind that would keep a command from its end", () => {
        const script = `
            const { runChecks } = require("./swarm/checks/run");
            const swarm = { ctx: { signal: new AbortController().signal, log() {} }, during: () => swarm };
            const check = { name: "a", sentence: "a", run: async () => [] };
            runChecks([check], swarm, { hosts: [] }, () => undefined).then(() => console.log("done"));`;
        const options = { cwd: resolve(__dirname, "../.."), encoding: "utf8", timeout: 15_000 } as const;
        const { stdout, status } = spawnSync(process.execPath, ["--import", "tsx", "-e", script], options);
        assert.deepEqual([stdout, status], ["done\n", 0]);
    }).timeout(20_000);

    it("take a bug for a bug", async () => {
        const buggy: Check = { ...passing, run: () => Promise.reject(new TypeError("a bug")) };
        await assert.rejects(
            runChecks(
                [buggy],
                quiet,
                expecting(() => LOOKED),
            ),
            /a bug/,
        );
    });

    it("are chosen by their names, and have one each", () => {
        assert.deepEqual(
            chosenChecks(["data-path", "votes"]).map(({ name }) => name),
            ["votes", "data path"],
        );
        assert.equal(new Set(ALL_CHECKS.map(({ name }) => name)).size, ALL_CHECKS.length);
        assert.equal(chosenChecks([]).length, ALL_CHECKS.length);
        const wrong = (error: unknown) =>
            error instanceof SkepError &&
            /CHECK_UNKNOWN: .*"vote".* Did you mean votes\?/.test(error.message);
        assert.throws(() => chosenChecks(["vote"]), wrong);
    });
});

describe("A check of the swarm", () => {
    it("wants an odd number of managers, and one to spare", async () => {
        const run = (...nodes: SwarmNode[]) =>
            idsOf(
                votes.run(
                    swarmOf(async () => nodes),
                    expecting(() => LOOKED),
                ),
            );
        const [m1, m2, m3] = ["m1", "m2", "m3"].map((name) => manager(name, "reachable"));
        assert.deepEqual(await run(m1!, m2!, m3!), []);
        assert.deepEqual(await run(m1!, m2!), ["VOTES_EVEN"]);
        assert.deepEqual(await run(m1!, m2!, manager("m3", "unreachable")), ["QUORUM_AT_RISK"]);
        assert.deepEqual(await run(m1!, manager("m2", "unreachable"), manager("m3", "unreachable")), [
            "QUORUM_LOST",
        ]);
        assert.deepEqual(
            await idsOf(
                votes.run(
                    swarmOf(nobody),
                    expecting(() => LOOKED),
                ),
            ),
            ["SWARM_UNREACHABLE"],
        );
    });

    it("finds services that are not as they were deployed", async () => {
        const service = (Name: string, Image: string) =>
            ({ ID: Name, Spec: { Name, TaskTemplate: { ContainerSpec: { Image } } } }) as SwarmService;
        const [web, other] = [service("web", "web:1"), service("web", "web:2")];
        const outputs = { name: "sample", deployed: { web: digestOf(web), client: "x" } };
        const deployed = deployedIn([{ type: "swarm:index:Stack", outputs } as never]);
        const run = async (services: SwarmService[]) => {
            const swarm = swarmOf(async () => [], services);
            return (
                await drift.run(
                    swarm,
                    expecting(() => LOOKED, { deployed }),
                )
            ).map(({ id, problem }) => `${id} ${problem}`);
        };
        const gone = "SERVICE_DRIFTED client is gone, and the last up deployed it.";
        assert.deepEqual(await run([web]), [gone]);
        const changed = "SERVICE_DRIFTED web was changed after the last up deployed it.";
        assert.deepEqual(await run([other]), [changed, gone]);
        assert.deepEqual(
            await idsOf(
                drift.run(
                    quiet,
                    expecting(() => LOOKED),
                ),
            ),
            ["CHECK_UNSEEN"],
        );
    });
});

describe("A check of the hosts", () => {
    it("names those that do not answer once, and others say that they could not look", async () => {
        const expected = expecting((name) =>
            name === "worker-1" ? undefined : { ...LOOKED, sealed: true, raftKib: 1 },
        );
        assert.deepEqual(await idsOf(hosts.run(quiet, expected)), ["HOST_UNREACHABLE"]);
        assert.deepEqual(await idsOf(versions.run(quiet, expected)), ["CHECK_UNSEEN"]);
    });

    it("knows whether the unlock key opens a manager's key file", async () => {
        const run = (key: string | null) =>
            idsOf(
                lock.run(
                    quiet,
                    expecting(() => ({ sealed: key && Buffer.from(key).toString("base64") })),
                ),
            );
        assert.deepEqual(await run(sealedKeyFile(KEY)), []);
        assert.deepEqual(await run(sealedKeyFile(`SWMKEY-1-${randomBytes(32).toString("base64")}`)), [
            "LOCK_KEY",
        ]);
        assert.deepEqual(await run(null), ["LOCK_OPEN"]);
        assert.deepEqual(
            await idsOf(
                lock.run(
                    quiet,
                    expecting(() => ({ sealed: null }), { unlockKey: "" }),
                ),
            ),
            [],
        );
    });

    it("names containers without a log limit, and certificates that it cannot read", async () => {
        const found = await logs.run(
            quiet,
            expecting((name) => (name === "worker-1" ? ["web.1", "web.2"] : [])),
        );
        assert.deepEqual(
            found.map(({ id, problem }) => `${id} ${problem}`),
            ["LOGS_UNBOUNDED On worker-1, web.1 and web.2 log without a limit."],
        );
        const says = (_: string, mode: string) => (mode === "look" ? LOOKED : { api: null, registry: null });
        assert.deepEqual(await idsOf(certificates.run(quiet, expecting(says))), ["CERTIFICATE_UNSEEN"]);
    });
});

describe("The JSON of check", () => {
    it("is what its schema says", () => {
        const findings = [{ id: "VOTES_EVEN", severity: "warning", problem: "2 vote.", advice: "" }];
        const checks = [{ name: "votes", sentence: "odd", result: "warn", seconds: 0.1, findings }];
        assertMatches("check", { stack: "dev", at: new Date().toISOString(), checks });
        assert.throws(() =>
            assertMatches("check", { stack: "dev", at: "", checks: [{ ...checks[0], result: "ok" }] }),
        );
    });
});
