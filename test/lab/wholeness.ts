// Tests of a swarm that is not as it should be though its specifications are: they run on the lab of another test.

import assert from "node:assert/strict";
import { exitCodeOf } from "../../errors";
import type { Outcome } from "../../cli/pulumi/operate";
import { eventually, type Lab } from "./lab";
import { inFull } from "./required";

/** A lab of three zones with a manager in each. */
export function testWholeness(lab: Lab): void {
    inFull(
        "repairs tasks whose image is gone, and says on which ways between zones large packets are lost",
        async () => {
            const onRegistry = "--filter label=com.docker.swarm.service.name=registry_registry";
            const host = await lab.on(
                "manager-1",
                "docker service ps registry_registry --filter desired-state=running --format '{{.Node}}'",
            );
            const running = () => lab.on(host, `docker ps -q ${onRegistry}`);
            await lab.on(
                host,
                `task=$(docker ps -q ${onRegistry}) && image=$(docker inspect -f '{{.Image}}' $task) && docker rm -f $task && docker rmi -f $image`,
            );
            await eventually("swarm to reject a task of the registry", async () => {
                const tasks = await lab.on("manager-1", "docker service ps registry_registry");
                return /Rejected.*No such image/.test(tasks) || undefined;
            });
            const { steps } = await lab.json<Outcome>("preview");
            const changed = steps.map(({ verb, name }) => `${verb} ${name}`);
            for (const name of ["registry-image", "registry-stack"])
                assert.ok(changed.includes(`~ update ${name}`), changed.join(", "));

            // The sample's own requests are small, so its health checks go on.
            const large = "INPUT -p udp --dport 4789 -m length --length 1300:65535 -j DROP";
            await lab.on("manager-3", `sudo iptables -I ${large}`);
            const up = lab.start("up");
            const code = await up.result();
            await lab.on("manager-3", `sudo iptables -D ${large}`);
            assert.equal(code, exitCodeOf("DATA_PATH_MTU"), up.said);
            assert.notEqual(await running(), "", "the registry does not run");
            const lost = up.said.split("\n").filter((line) => line.includes("✗"));
            assert.deepEqual(
                lost
                    .map((line) => /✗ DATA_PATH_MTU: .* on the way from (.*?)\. /.exec(line)?.[1] ?? line)
                    .sort(),
                [
                    "manager-1 in zone lab-a to manager-3 in zone lab-c",
                    "manager-2 in zone lab-b to manager-3 in zone lab-c",
                ],
            );
            await eventually("a swarm that is whole again", async () => {
                const { steps: left } = await lab.json<Outcome>("preview");
                return left.length === 0 || undefined;
            });
            const traces =
                "docker ps -aq --filter label=io.skep.probe; docker images -q --filter label=io.skep.probe";
            assert.equal(
                await lab.on("manager-1", `${traces}; docker network ls -q --filter label=io.skep.probe`),
                "",
            );
        },
    );
}
