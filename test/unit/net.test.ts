import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { promisify } from "node:util";

import { netOf, type NetOptions } from "../../cli/commands/net";
import type { StandingHost, Standing } from "../../cli/stack/standing";
import { skepError } from "../../errors";
import { enterCommand, type Place } from "../../swarm/net";

const run = promisify(execFile);

/** Two nodes; the service `web` runs on worker-2, and there is the network `shop`. */
function swarm({ active = ["n1", "n2"], state = "running" } = {}) {
    const steps: string[] = [];
    const stop = new AbortController();
    const task = { NodeID: "n2", Status: { State: "running", ContainerStatus: { ContainerID: "c-web" } } };
    const own = {
        NodeID: "n1",
        Status: { State: state, Err: "no room", ContainerStatus: { ContainerID: "c-own" } },
    };
    const hosts = ["worker-1", "worker-2"].map((name, i) => ({
        name,
        nodeId: `n${i + 1}`,
        host: {
            name,
            script: async (_script: string, { MODE = "" }) => {
                steps.push(`${name} ${MODE}`);
                return { folders: ["/usr"] };
            },
        },
    })) as unknown as StandingHost[];
    const fake = {
        ctx: { signal: stop.signal, log: (text: string) => void steps.push(text) },
        during: () => fake,
        services: async ({ label }: { label?: string[] }) =>
            label ? [] : [{ ID: "s1", Spec: { Name: "web" } }],
        members: async () =>
            ["n1", "n2"].map((ID) => ({
                ID,
                Spec: { Availability: active.includes(ID) ? "active" : "drain" },
                Status: { State: "ready" },
            })),
        tasks: async ({ service }: { service: string[] }) => (service[0] === "s1" ? [task] : [own]),
        call: async (
            method: string,
            path: string,
            { body }: { body?: { TaskTemplate: { Placement: object } } } = {},
        ) => {
            if (method === "GET")
                return [
                    { Id: "net1", Name: "shop" },
                    { Id: "i", Name: "ingress", Ingress: true },
                ];
            const where = body ? ` ${JSON.stringify(body.TaskTemplate.Placement)}` : "";
            steps.push(`${method} ${path.replace(/[0-9a-f]{8}$/, "ID")}${where}`);
            return { ID: "own" };
        },
    };
    const progress = { step: <T>(_: string, work: () => Promise<T>) => work(), note: () => undefined };
    const standing = { stack: "dev", hosts, swarm: fake, progress, ctx: fake.ctx } as unknown as Standing;
    const enter = async ({ host, container }: Place<StandingHost>) => {
        steps.push(`enter ${container} on ${host.name}`);
        return 7;
    };
    return {
        steps,
        enter,
        run: (name: string, options: Partial<NetOptions> = {}, way = enter) =>
            netOf(standing, name, { stack: "dev", ...options }, way),
    };
}

describe("skep net", () => {
    it("enters the network of a service's task, and passes the exit code on", async () => {
        const { run: enter, steps } = swarm();
        assert.equal(await enter("web"), 7);
        assert.deepEqual(steps, ["enter c-web on worker-2"]);
    });

    it("says on which nodes the service has tasks when the chosen one has none", async () => {
        await assert.rejects(
            swarm().run("web", { node: "worker-1" }),
            /NET_NO_TASK: No task of web runs on worker-1\. Tasks of it run on worker-2\./,
        );
    });

    it("puts a container on a network, on a node that takes tasks, and removes it", async () => {
        const { run: enter, steps } = swarm({ active: ["n2"] });
        assert.equal(await enter("shop"), 7);
        assert.deepEqual(steps, [
            "worker-2 open",
            'POST /services/create {"Constraints":["node.id==n2"]}',
            "enter c-own on worker-2",
            "DELETE /services/skep-net-ID",
            "worker-2 close",
        ]);
    });

    it("removes it after a failure, too", async () => {
        const { run: enter, steps } = swarm();
        const fails = () => Promise.reject(skepError("HOST_UNREACHABLE", "worker-1 is gone.", ""));
        await assert.rejects(enter("shop", {}, fails), /worker-1 is gone/);
        assert.deepEqual(steps.slice(-2), ["DELETE /services/skep-net-ID", "worker-1 close"]);
    });

    it("says why its container does not start, and that a drained node takes none", async () => {
        await assert.rejects(
            swarm({ state: "rejected" }).run("shop"),
            /NET_NO_TASK: .* did not start: no room\./,
        );
        const drained = swarm({ active: ["n1"] }).run("shop", { node: "worker-2" });
        await assert.rejects(drained, /NET_NO_NODE: The node worker-2 takes no tasks now\./);
    });

    it("asks for the most similar service or network, and never offers the ingress network", async () => {
        await assert.rejects(swarm().run("shopp"), /NAME_UNKNOWN: .*Did you mean shop\?/);
        await assert.rejects(swarm().run("ingress"), /NAME_UNKNOWN: .*It has web, shop\./);
    });

    it("keeps every word of a command whole on its way through the host's shell", async () => {
        const words = ["printf", "%s|", "a b", "it's", "$HOME", "*"];
        const place = { container: "c1", host: {} } as Place;
        // In place of sudo, a function shows the words after the script and the container.
        const shown = 'sudo() { shift 6; "$@"; }; ';
        const { stdout } = await run("sh", [
            "-c",
            shown + enterCommand(place, words).replace(/^'sudo'/, "sudo"),
        ]);
        assert.equal(stdout, "a b|it's|$HOME|*|");
    });
});
