// A manager whose part of the swarm's data is damaged. Runs on the lab of another test, and leaves it as it was.

import assert from "node:assert/strict";
import { EXIT_CODES } from "../../errors/problem-group";
import type { Status } from "../../planning/status";
import { assertMatches } from "../support/schema";
import type { Lab } from "./lab";
import { inFull } from "./required";

/** Overwrites entries of the managers' log while the engine is stopped. */
const DAMAGE = `set -eu
systemctl stop docker.socket docker
log=$(ls /var/lib/docker/swarm/raft/wal-v3-encrypted/*.wal | head -n 1)
dd if=/dev/urandom of="$log" bs=1 seek=600 count=300 conv=notrunc 2>/dev/null
systemctl reset-failed docker.service docker.socket
systemctl start docker`;

/** A lab with three managers. */
export function testDamage(lab: Lab): void {
    inFull("names a manager with a damaged log in its engine's words, and up makes it anew", async () => {
        const members = async () =>
            (await lab.on("manager-1", "docker node ls --format '{{.Hostname}} {{.ManagerStatus}} {{.ID}}'"))
                .split("\n")
                .sort();
        const before = await members();
        await lab.on("manager-3", "sudo sh", DAMAGE);

        const unlock = lab.start("unlock", "--json");
        assert.equal(await unlock.result(), EXIT_CODES.swarm, unlock.said);
        const opened = JSON.parse(unlock.said) as { hosts: { host: string; did: string }[] };
        assertMatches("unlock", opened);
        assert.equal(opened.hosts.find(({ host }) => host === "manager-3")?.did, "broken");

        const status = lab.start("status", "--json");
        assert.equal(await status.result(), EXIT_CODES.swarm);
        const { findings } = JSON.parse(status.said) as Status;
        const broken = findings.find(({ id }) => id === "NODE_BROKEN");
        assert.match(broken?.problem ?? "", /manager-3 .*irreparable WAL error/);

        assert.match(await lab.skep("preview"), /manager-3 .*brought back/);
        await lab.skep("up", "--yes");
        const after = await members();
        const namesOf = (all: string[]) => all.map((line) => line.split(" ")[0]);
        assert.deepEqual(namesOf(after), namesOf(before), "no member is left over, and none is missing");
        assert.notDeepEqual(after, before, "manager-3 is another member than before");
        assert.match(await lab.skep("preview"), /No changes/);
    });
}
