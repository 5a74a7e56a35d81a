// Tests of backups: they run on the lab of another test, and leave it as it was.

import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Status } from "../../planning/status";
import { assertMatches } from "../support/schema";
import { eventually, type Lab } from "./lab";
import { inFull } from "./required";

interface Created {
    name: string;
    opened: boolean;
    managers: { name: string }[];
    registry: { bytes: number } | null;
    removed: string[];
}

/** A lab with three managers. */
export function testBackup(lab: Lab): void {
    let to = "";
    before(() => (to = mkdtempSync(join(tmpdir(), "skep-backup-"))));
    after(() => rmSync(to, { recursive: true }));

    inFull(
        "is saved by one manager, which is back as it was; the backup is found, whole, and of this swarm",
        async () => {
            const made = await lab.json<Created>("backup", "--one", "--to", to);
            assertMatches("backup-create", made);
            assert.ok(made.opened);
            assert.equal(made.managers.length, 1);
            const [listed, shown, verified, status] = await Promise.all([
                lab.json<{ backups: { name: string; opens: boolean }[] }>("backup", "list", "--to", to),
                lab.json<{ manifest: { members: object[]; clusterId: string } }>(
                    "backup",
                    "show",
                    "--to",
                    to,
                ),
                lab.json<{ whole: boolean }>("backup", "verify", made.name, "--to", to),
                // A service with a task on every node starts one there again when the manager is back.
                eventually("every task to run", () => lab.json<Status>("status")),
            ]);
            for (const [name, value] of Object.entries({ list: listed, show: shown, verify: verified }))
                assertMatches(`backup-${name}`, value);
            assertMatches("status", status);
            assert.deepEqual(
                listed.backups.map(({ name, opens }) => [name, opens]),
                [[made.name, true]],
            );
            assert.equal(shown.manifest.members.length, status.nodes.length);
            assert.ok(status.lastBackup !== null && Date.now() - Date.parse(status.lastBackup) < 120_000);
            for (const { name, lock, availability, role } of status.nodes) {
                assert.equal(availability.found, availability.wanted, name);
                if (role.found === "manager") assert.equal(lock, "sealed", name);
            }
            assert.deepEqual(Object.keys((await lab.json<{ changes: object }>("preview")).changes), ["same"]);
        },
    );

    inFull("keeps the newest, with the registry's images, and a majority of the managers", async () => {
        const made = await lab.json<Created>("backup", "--registry", "--keep", "1", "--to", to);
        assert.equal(made.managers.length, 2);
        assert.ok(made.registry);
        assert.deepEqual(readdirSync(to), [made.name]);
        assert.equal(made.removed.length, 1);
    });

    for (const point of ["drained", "copied"])
        inFull(`has its manager back after a backup that was killed once it was ${point}`, async () => {
            const before = readdirSync(to);
            const host = "manager-3";
            const killed = lab.start("backup", "--all", "--to", to);
            await killed.until(new RegExp(`${host}: its engine stops`), 120);
            if (point === "copied")
                await eventually("the engine to have stopped", async () => {
                    const state = await lab.on(host, "systemctl is-active docker || true");
                    return state !== "active" || undefined;
                });
            await killed.kill();
            await eventually("the engine to run again, locked", async () => {
                const state = await lab
                    .on(host, "docker info --format '{{.Swarm.LocalNodeState}}'")
                    .catch(() => "");
                return state === "locked" || undefined;
            });
            await lab.skep("unlock");
            await lab.skep("up", "--yes");
            const { quorum, nodes } = await lab.json<Status>("status");
            assert.equal(quorum.text, "3 of 3, can lose 1");
            for (const { name, availability } of nodes)
                assert.equal(availability.found, availability.wanted, name);
            assert.deepEqual(readdirSync(to), before);
        });
}
