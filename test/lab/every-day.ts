// Tests of the commands of every day: they run on the lab of another test, and leave it as it was.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { exitCodeOf } from "../../errors";
import { EXIT_CODES } from "../../errors/problem-group";
import type { Status } from "../../planning/status";
import { assertMatches } from "../support/schema";
import { eventually, type Lab } from "./lab";
import { runsTasks } from "./stuck";

const WATCH_ENDS_MS = 1500;
const INTERRUPTED = 130;

/** A lab with three managers and the sample. */
export function testEveryDay(lab: Lab): void {
    it("is shown with a locked manager as it happens, and without a majority, each as what it is, until unlock opens them", async () => {
        const watch = lab.start("status", "--watch", "--json");
        await watch.until(/"findings"/);
        await lock(lab, "manager-3");
        await watch.until(/"lock":"locked"/, 60);
        const { took, code } = await watch.interrupt("terminal");
        assert.equal(code, INTERRUPTED, watch.said);
        assert.ok(took < WATCH_ENDS_MS, `took ${took} ms`);

        const html = lab.file("locked.html", "");
        const [one, checked, page] = await Promise.all([
            look<Status>(lab, "status"),
            look<{ checks: { name: string; result: string }[] }>(lab, "check", "hosts", "votes"),
            look<object>(lab, "dashboard", "--html", html),
        ]);
        assertMatches("status", one.value);
        assert.deepEqual([one.code, checked.code, page.code], [EXIT_CODES.swarm, EXIT_CODES.swarm, 0]);
        assert.equal(one.value.quorum.text, "2 of 3, can lose 0");
        assert.deepEqual(errorsIn(one.value), ["MANAGER_LOCKED"]);
        assert.deepEqual(
            checked.value.checks.map(({ name, result }) => `${name} ${result}`),
            ["hosts fail", "votes warn"],
        );
        assert.match(readFileSync(html, "utf8"), /"name":"manager-3"[^{}]*"state":"locked"/);

        await lock(lab, "manager-2");
        // A leader that has lost the others still answers until its next election.
        const two = await eventually("no manager to answer", async () => {
            const seen = await look<Status>(lab, "status");
            assertMatches("status", seen.value);
            return seen.value.from === null ? seen : undefined;
        });
        assert.equal(two.code, EXIT_CODES.swarm);
        // The engine of manager-1 gives no answer for a while after the others are lost.
        assert.match(two.value.quorum.text, /^[01] of 3, no majority: needs 2$/);
        assert.equal(two.value.stacks, null);
        const unreachable = two.value.findings.find(({ id }) => id === "SWARM_UNREACHABLE");
        assert.match(unreachable?.problem ?? "", /manager-2 is locked; manager-3 is locked\)/);
        assert.equal(unreachable?.advice, "Open the locked managers: skep unlock.");

        const opened = await lab.json<{ hosts: { host: string; did: string }[] }>("unlock");
        assertMatches("unlock", opened);
        assert.deepEqual(
            opened.hosts.filter(({ did }) => did === "unlocked").map(({ host }) => host),
            ["manager-2", "manager-3"],
        );
        await eventually("three managers", async () => {
            const { value } = await look<Status>(lab, "status");
            return value.quorum.text === "3 of 3, can lose 1" || undefined;
        });
        await runsTasks(lab, "manager-2");
        await runsTasks(lab, "manager-3");
    });

    it("has logs by task, a list of images, and names that are found inside a service's network", async () => {
        const [listed, logs, names, failed] = await Promise.all([
            lab.json<{ images: { repository: string }[] }>("registry", "list"),
            lab.json<{ from: string }[]>("logs", "sample_web", "--tail", "1"),
            lab.skep("net", "sample_web", "--", "getent", "hosts", "client"),
            lab.start("ssh", "worker-1", "--", "exit", "42").result(),
        ]);
        assertMatches("registry-list", listed);
        const repositories = listed.images.map(({ repository }) => repository);
        for (const own of ["client", "web"]) assert.ok(repositories.includes(own), repositories.join());
        assertMatches("logs", logs);
        assert.match(logs[0]?.from ?? "", /^sample_web\.\d$/);
        assert.match(names, /^[\d.]+ +client/);
        assert.equal(failed, 42);
        assert.equal(await lab.start("ssh", "worker1").result(), exitCodeOf("HOST_UNKNOWN"));
    });
}

/** Restarts the engine of a manager, which is locked then. */
async function lock(lab: Lab, manager: string): Promise<void> {
    await lab.on(manager, "sudo systemctl restart docker");
    await eventually(`${manager} to be locked`, async () => {
        const state = await lab.on(manager, "docker info --format '{{.Swarm.LocalNodeState}}'");
        return state === "locked" || undefined;
    });
}

/** What a command prints with --json, and its exit code. */
async function look<T>(lab: Lab, ...command: string[]): Promise<{ value: T; code: number | null }> {
    const asked = lab.start(...command, "--json");
    const code = await asked.result();
    return { value: JSON.parse(asked.said) as T, code };
}

function errorsIn({ findings }: Status): string[] {
    return findings.filter(({ severity }) => severity === "error").map(({ id }) => id);
}
