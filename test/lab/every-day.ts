// Tests of the commands of every day: they run on the lab of another test, and leave it as it was.

import assert from "node:assert/strict";
import { exitCodeOf } from "../../errors";
import { assertMatches } from "../support/schema";
import { eventually, type Lab } from "./lab";

/** A lab with three managers and the sample. */
export function testEveryDay(lab: Lab): void {
    it("opens a locked manager, shows logs by task, lists images, and finds names inside a service's network", async () => {
        await lab.skep("ssh", "manager-3", "--", "sudo", "systemctl", "restart", "docker");
        await eventually("manager-3 to be locked", async () => {
            const state = await lab.on("manager-3", "docker info --format '{{.Swarm.LocalNodeState}}'");
            return state === "locked" || undefined;
        });
        const opened = await lab.json<{ hosts: { host: string; did: string }[] }>("unlock");
        assertMatches("unlock", opened);
        assert.ok(opened.hosts.some(({ host, did }) => host === "manager-3" && did === "unlocked"));

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
