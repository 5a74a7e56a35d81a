// Tests of recoveries: they run on the lab of another test, and leave the swarm with another unlock key.

import assert from "node:assert/strict";
import type { Outcome } from "../../cli/pulumi/operate";
import { dockerClient } from "../../scripts/setup/docker";
import { assertMatches } from "../support/schema";
import { eventually, type Lab } from "./lab";
import { inFull } from "./required";

const MANAGERS = ["manager-1", "manager-2", "manager-3"];
const RTO_SECONDS = 180;
const WIPE = "systemctl stop docker.socket docker && rm -rf /var/lib/docker/swarm && systemctl start docker";
/** Things of the user's, none of which Skep knows. */
const THINGS = [
    "printf secret | docker secret create user-secret -",
    "printf config | docker config create user-config -",
    "docker network create --driver overlay --attachable user-network",
    "docker node update --label-add user=1 worker-2",
    `docker service create --detach --no-resolve-image --name user-service --secret user-secret --config user-config --network user-network --replicas 0 none:1`,
].join(" && ");
const GO = [
    "docker service rm user-service",
    "docker node update --label-rm user worker-2",
    "docker secret rm user-secret",
    "docker config rm user-config",
    "until docker network rm user-network; do sleep 1; done",
].join(" && ");

interface Restored {
    way: string;
    managers: string[];
    missing: string[];
    rtoSeconds: number;
}

/** A locked lab with three managers and the sample on every node. */
export function testRecovery(lab: Lab): void {
    const docker = dockerClient();
    /** Tasks that run on a worker. */
    const tasks = async () =>
        (await lab.on("worker-2", "docker ps -q --no-trunc --filter label=com.docker.swarm.task")).split(
            "\n",
        );
    const goOn = async (running: readonly string[]) => {
        const now = await tasks();
        for (const task of running) assert.ok(now.includes(task), "a task of the worker was restarted");
    };
    const things = () =>
        lab.on(
            "manager-1",
            "docker service ls --format '{{.ID}} {{.Name}}' | sort; docker secret ls -q | sort; docker config ls -q | sort; " +
                "docker network inspect -f '{{.Name}} {{.Attachable}}' user-network; docker node inspect -f '{{.Spec.Labels}}' worker-2",
        );
    const restored = async (archive: string, ...options: string[]) => {
        const [key, own, running] = [await lab.skep("output", "unlockKey"), await things(), await tasks()];
        return async (lose: () => Promise<unknown>): Promise<Restored> => {
            await lose();
            const done = await lab.json<Restored>("restore", archive, "--lose-swarm", lab.stack, ...options);
            assertMatches("restore", done);
            assert.deepEqual(done.missing, []);
            assert.ok(done.rtoSeconds < RTO_SECONDS, `the swarm was away for ${done.rtoSeconds} s`);
            assert.equal(await things(), own);
            await goOn(running);
            assert.notEqual(await lab.skep("output", "unlockKey"), key);
            await unchanged();
            return done;
        };
    };
    const unchanged = () =>
        eventually("nothing to be left to change", async () => {
            const { steps } = await lab.json<Outcome>("preview");
            return steps.length === 0 || undefined;
        });
    const remove = async (names: readonly string[]) => {
        for (const name of names) {
            const host = `skep-${lab.stack}-${name}`;
            await docker.getContainer(host).remove({ force: true });
            for (const part of ["docker", "containerd"]) await docker.getVolume(`${host}-${part}`).remove();
        }
    };

    it("comes back from a backup of one manager when all managers have lost the swarm's data", async () => {
        await lab.on("manager-1", THINGS);
        const { name } = await lab.json<{ name: string }>("backup", "--one", "--yes");
        const comesBack = await restored(name);
        const { way } = await comesBack(() =>
            Promise.all(MANAGERS.map((host) => lab.on(host, `sudo sh -c '${WIPE}'`))),
        );
        assert.equal(way, "alone");
        await lab.on("manager-1", GO);
    });

    inFull(
        "comes back from a backup of a majority when all managers were destroyed with their disks",
        async () => {
            await lab.on("manager-1", THINGS);
            const { name } = await lab.json<{ name: string }>("backup", "--yes");
            const comesBack = await restored(name);
            assert.equal((await comesBack(() => remove(MANAGERS))).way, "majority");
            await lab.on("manager-1", GO);
        },
    );

    inFull("goes on with one manager when the two others were destroyed with their disks", async () => {
        await lab.on("manager-1", THINGS);
        const [own, running] = [await things(), await tasks()];
        await remove(["manager-2", "manager-3"]);
        const done = await lab.json<{ from: string; found: unknown[] }>("recover", "--lose-swarm", lab.stack);
        assertMatches("recover", done);
        assert.deepEqual([done.from, done.found], ["manager-1", []]);
        assert.equal(await things(), own);
        await goOn(running);
        await unchanged();
        await lab.on("manager-1", GO);
    });
}
