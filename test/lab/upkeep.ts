// Tests of what hosts do for themselves, and of reboots: they run on the lab of another test, and leave it as it was.

import assert from "node:assert/strict";
import type { Status } from "../../planning/status";
import { assertMatches } from "../support/schema";
import type { Lab } from "./lab";
import { requests } from "./requests";
import { inFull } from "./required";

const RECORD = "/var/lib/skep/images-used";
const REBOOT = "/var/run/reboot-required";

/** A locked lab with three managers, a worker and the sample, whose settings have `UPKEEP`. */
export function testUpkeep(lab: Lab): void {
    it("removes images that nothing has used for long, at a moment of each host's own, and no other", async () => {
        const times = await Promise.all(
            ["manager-1", "worker-1"].map((host) =>
                lab.on(host, "systemctl show --property NextElapseUSecRealtime --value skep-prune.timer"),
            ),
        );
        assert.equal(new Set(times.filter(Boolean)).size, 2, times.join());

        const prune = () => lab.on("worker-1", "sudo systemctl start skep-prune.service");
        const images = () => lab.on("worker-1", "docker images --quiet --no-trunc | sort -u");
        const inUse = await lab.on(
            "worker-1",
            "docker ps --all --quiet | xargs docker inspect --format '{{.Image}}' | sort -u",
        );
        const idle = await lab.on("worker-1", "tar -c -C /etc hostname | docker import -");
        await prune();
        assert.match(await images(), new RegExp(idle));
        await lab.on("worker-1", `sudo sed -i 's/[0-9]*$/1/' ${RECORD}`);
        await prune();
        const left = (await images()).split("\n");
        assert.ok(!left.includes(idle));
        assert.deepEqual(
            inUse.split("\n").filter((id) => !left.includes(id)),
            [],
        );
    });

    it("shows a host that has to reboot, and a reserve that is gone, until they are mended", async () => {
        const ids = async () => {
            const seen = await lab.json<Status>("status");
            const kinds = ["REBOOT_NEEDED", "RESERVE_GONE"];
            return seen.findings.filter(({ id }) => kinds.includes(id)).map(({ problem }) => problem);
        };
        const reserve = "/var/lib/docker/skep-reserve";
        const size = await lab.on("manager-1", `sudo stat -c %s ${reserve}`);
        assert.equal(Number(size), UPKEEP.reserveMib * 1024 * 1024);
        await Promise.all([
            lab.on("worker-1", `sudo touch ${REBOOT}`),
            lab.on("manager-1", `sudo mv ${reserve} ${reserve}-away`),
        ]);
        const found = await ids();
        await Promise.all([
            lab.on("worker-1", `sudo rm ${REBOOT}`),
            lab.on("manager-1", `sudo mv ${reserve}-away ${reserve}`),
        ]);
        assert.deepEqual(found.sort(), [
            `The reserve of ${UPKEEP.reserveMib} MiB on the disk of manager-1 is not there.`,
            "worker-1 has to reboot: upgraded packages ask for it.",
        ]);
        assert.deepEqual(await ids(), []);
    });

    inFull(
        "reboots the hosts that have to, one after another, and serves every request meanwhile",
        async () => {
            const { sample } = await lab.json<{ sample: { url: string } }>("output");
            const began = (host: string) => lab.on(host, "cut -d ' ' -f 22 /proc/1/stat");
            const due = ["manager-2", "worker-1"];
            const before = await Promise.all(due.map(began));
            await Promise.all(due.map((host) => lab.on(host, `sudo touch ${REBOOT}`)));
            const load = requests(`${sample.url}/`);
            const done = await lab.json<{ rebooted: string[] }>("reboot", "--needed", "--yes");
            const { answered, failed } = await load.end();
            assertMatches("reboot", done);
            assert.deepEqual(done.rebooted, due);
            assert.deepEqual(failed, []);
            assert.ok(answered > 100, `${answered} requests`);
            const after = await Promise.all(due.map(began));
            for (const [i, moment] of after.entries()) assert.notEqual(moment, before[i]);
            const nodes = await lab.on(
                "manager-1",
                "docker node ls --format '{{.Availability}} {{.Status}}'",
            );
            assert.deepEqual([...new Set(nodes.split("\n"))], ["Active Ready"]);
            assert.deepEqual((await lab.json<{ rebooted: string[] }>("reboot", "--needed")).rebooted, []);
        },
    );
}

/** The settings of upkeep that a lab of these tests stands with. */
export const UPKEEP = { pruneImages: "1d", reserveMib: 16 };
