// Whose lock on a stack may be removed: only that of a process that is certainly dead.

import assert from "node:assert/strict";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { rm } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { spawn } from "node:child_process";
import { workFolder } from "../../config/folders";
import { type Here, here, isDead, noted, readNote, removeNotes } from "../../cli/pulumi/holder";
import { holdersIn } from "../../cli/pulumi/lock";

const SINCE = "2026-11-24T20:00:00Z";
const AT = Date.parse(SINCE);
const LOCK = { host: "ci", pid: 57, since: SINCE };
const NOTE = { host: "ci", pid: 57, at: AT - 300, boot: "boot-1", namespace: "pid:[1]", started: "900" };
const HERE: Here = {
    host: "ci",
    boot: "boot-1",
    namespace: "pid:[1]",
    bootedAt: 0,
    startOf: () => undefined,
};
const alive = (started: string): Here => ({ ...HERE, startOf: () => started });

describe("The holder of a stack's lock", () => {
    it("is named by Pulumi with host, process and time", () => {
        const said = "the stack is currently locked\n  created by root@ci (pid 57) at 2026-11-24T20:00:00Z\n";
        assert.deepEqual(holdersIn(said), [LOCK]);
    });

    it("is dead when its process is gone, or its number is another process's", () => {
        assert.ok(isDead(LOCK, NOTE, HERE));
        assert.ok(isDead(LOCK, NOTE, alive("1700")));
        assert.ok(!isDead(LOCK, NOTE, alive("900")));
    });

    it("counts as alive in another container of the same name, which has no note here or other numbers", () => {
        assert.ok(!isDead(LOCK, undefined, HERE));
        assert.ok(!isDead(LOCK, NOTE, { ...HERE, namespace: "pid:[2]" }));
        // A killed process of ours had the same number at another time.
        assert.ok(!isDead(LOCK, { ...NOTE, at: AT - 600_000 }, HERE));
        assert.ok(!isDead(LOCK, { ...NOTE, at: AT + 600_000 }, HERE));
    });

    it("is dead after the machine was started again, and counts as alive on another machine", () => {
        const rebooted = { ...alive("900"), boot: "boot-2", bootedAt: AT + 1 };
        assert.ok(isDead(LOCK, NOTE, rebooted));
        assert.ok(!isDead(LOCK, NOTE, { ...rebooted, bootedAt: AT - 1 }));
        assert.ok(!isDead(LOCK, NOTE, { ...HERE, host: "other" }));
    });

    it("is known by its process alone where the system has no /proc", () => {
        assert.ok(isDead(LOCK, undefined, { ...HERE, boot: "" }));
        assert.ok(!isDead(LOCK, undefined, { ...alive("there"), boot: "" }));
    });

    it("is noted while Pulumi works, and forgotten when the command has ended in order", async function () {
        if (!existsSync("/proc/self")) {
            console.log("      skipped: this system has no /proc to see processes in");
            return this.skip();
        }
        const stack = `test-holder-${process.pid}`;
        const pid = await noted(stack, async () => {
            const { child, note, since } = await startPulumi(stack);
            assert.equal(note?.boot, here().boot);
            const lock = { host: here().host, pid: child.pid!, since };
            assert.ok(!isDead(lock, note, here()), "it lives");
            child.stdin.end();
            await new Promise((done) => child.once("exit", done));
            assert.ok(isDead(lock, note, here()), "it has ended");
            return child.pid!;
        });
        assert.equal(readNote(stack, pid), undefined);
        await rm(workFolder(stack), { recursive: true, force: true });
    });

    it("stays noted when Pulumi is killed, since its lock stays", async function () {
        if (!existsSync("/proc/self")) {
            console.log("      skipped: this system has no /proc to see processes in");
            return this.skip();
        }
        const stack = `test-killed-${process.pid}`;
        let lock = { host: here().host, pid: 0, since: "" };
        const work = noted(stack, async () => {
            const { child, since } = await startPulumi(stack);
            lock = { ...lock, pid: child.pid!, since };
            child.kill("SIGKILL");
            await once(child, "exit");
            throw new Error("killed");
        });
        await assert.rejects(work, /killed/);
        assert.ok(isDead(lock, readNote(stack, lock.pid), here()));
        removeNotes(stack);
        assert.equal(readNote(stack, lock.pid), undefined);
        await rm(workFolder(stack), { recursive: true, force: true });
    });
});

/** A process that is called pulumi and waits for its input to end, once it is noted. */
async function startPulumi(stack: string) {
    const child = spawn("sh", ["-c", 'printf "pulumi" > /proc/self/comm; read line'], { stdio: "pipe" });
    const end = Date.now() + 5_000;
    while (!readNote(stack, child.pid!) && Date.now() < end) await sleep(20);
    return { child, note: readNote(stack, child.pid!), since: new Date().toISOString() };
}
