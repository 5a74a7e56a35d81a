// The lab's gateway: which ports it takes, and what it passes on to the nodes.

import assert from "node:assert/strict";
import * as pulumi from "@pulumi/pulumi";
import type { ContainerInspectInfo } from "dockerode";
import fc from "fast-check";
import { LabHosts, type LabHostsArgs } from "../../components/hosts/lab";
import { checkSettings } from "../../config/settings";
import { labHost, type LabHost } from "../../lab/hosts";
import { gatewayPorts } from "../../lab/ranges";
import { standingPorts } from "../../lab/standing";
import { container } from "../../offline/plugins/docker/container";
import { renderGateway } from "../../planning/gateway-config";
import {
    BLOCK_SIZE,
    gatewayPlaces,
    type GatewayPlan,
    type GatewayPort,
    hostPorts,
    planGateway,
    publishedPorts,
} from "../../planning/ports";
import { placeHosts } from "../../planning/placement";
import { placementOf } from "../../planning/zone-moves";
import type { Props } from "../../providers/runtime/types";

const BASE = 21000;
/** As many places of a block are for no host. */
const PLACES = BLOCK_SIZE - 60;

const published = fc.uniqueArray(
    fc.record(
        { stack: fc.constantFrom("sample", "registry", "mine"), port: fc.integer({ min: 1, max: 20 }) },
        { noNullPrototype: true },
    ),
    { minLength: 1, maxLength: 4, selector: ({ stack, port }) => `${stack} ${port}` },
);
const lab = fc.record({
    managers: fc.constantFrom(1, 3, 5, 7),
    workers: fc.integer({ min: 0, max: 40 }),
    published,
    // Standing hosts may publish any place, also of another block.
    taken: fc.uniqueArray(fc.integer({ min: BASE, max: BASE + 2 * BLOCK_SIZE }), { maxLength: 94 }),
});

type Lab = typeof lab extends fc.Arbitrary<infer T> ? T : never;

function planOf({ managers, workers, ...rest }: Lab): GatewayPlan {
    const hosts = placeHosts(managers, workers, ["a"]).map(({ name }) => name);
    return { base: BASE, hosts, ...rest };
}

/** Every place by what it leads to. */
function placesOf(ports: readonly GatewayPort[]): Map<string, number> {
    return new Map(
        ports.flatMap(({ stack, port, balanced, nodes }) => [
            [`${stack} ${port}`, balanced] as const,
            ...Object.entries(nodes).map(([name, place]) => [`${stack} ${port} ${name}`, place] as const),
        ]),
    );
}

describe("The ports of a lab's gateway", () => {
    it("are free places of the lab's block, each taken once, and none is for a host itself", () => {
        fc.assert(
            fc.property(lab, (given) => {
                const plan = planOf(given);
                const places = gatewayPlaces(planGateway(plan));
                assert.equal(new Set(places).size, places.length);
                const own = placeHosts(7, 40, ["a"]).flatMap((host) =>
                    publishedPorts(hostPorts(BASE, host)).map(({ external }) => external),
                );
                for (const place of places) {
                    assert.ok(place >= BASE && place < BASE + BLOCK_SIZE, String(place));
                    assert.ok(!plan.taken.includes(place) && !own.includes(place), String(place));
                }
            }),
        );
    });

    it("lead to every node as long as the block has room, and balanced ports come first", () => {
        fc.assert(
            fc.property(lab, (given) => {
                const plan = planOf(given);
                const ports = planGateway(plan);
                const free =
                    PLACES -
                    plan.taken.filter((port) => port >= BASE + 60 && port < BASE + BLOCK_SIZE).length;
                const wanted = plan.published.length * (1 + plan.hosts.length);
                assert.deepEqual(
                    ports.map(({ stack, port }) => ({ stack, port })),
                    plan.published,
                );
                assert.equal(gatewayPlaces(ports).length, Math.min(free, wanted));
            }),
        );
    });

    it("stay when hosts and stacks come and go, unless a host has taken the place or balanced ports need it", () => {
        fc.assert(
            fc.property(lab, lab, (one, other) => {
                const before = planGateway(planOf(one));
                const plan = { ...planOf(other), before };
                const [old, now] = [placesOf(before), placesOf(planGateway(plan))];
                for (const [what, place] of now) {
                    const kept = old.get(what);
                    assert.ok(kept === undefined || kept === place || plan.taken.includes(kept), what);
                }
                // A second look at the same lab changes nothing.
                const again = planGateway({ ...plan, before: planGateway(plan) });
                assert.deepEqual(again, planGateway(plan));
            }),
        );
    });

    it("move with the block, and begin at the same place in each", () => {
        const plan = planOf({
            managers: 3,
            workers: 3,
            published: [{ stack: "sample", port: 8080 }],
            taken: [],
        });
        const before = planGateway(plan);
        const moved = planGateway({ ...plan, base: BASE + 400, before });
        assert.deepEqual(
            gatewayPlaces(moved),
            gatewayPlaces(before).map((place) => place + 400),
        );
        assert.equal(before[0]?.balanced, BASE + 60);
    });

    it("go round those of hosts that publish the sample and the registry themselves", () => {
        const hosts = placeHosts(7, 40, ["a"]).map(({ name }) => name);
        const taken = hosts.flatMap((_name, i) => [BASE + 100 + i, BASE + 150 + i]);
        const ports = planGateway({
            base: BASE,
            hosts,
            taken,
            published: [
                { stack: "sample", port: 8080 },
                { stack: "registry", port: 5000 },
            ],
        });
        assert.deepEqual(
            ports.map(({ balanced }) => balanced),
            [BASE + 60, BASE + 61],
        );
        assert.equal(gatewayPlaces(ports).length, PLACES - taken.length);
    });
});

describe("The configuration of a lab's gateway", () => {
    it("balances a port over all nodes that answer, and leads to each of them alone", () => {
        const text = renderGateway(
            [{ stack: "sample", port: 8080, balanced: 21060, nodes: { "worker-1": 21062 } }],
            { "manager-1": "10.190.1.11", "worker-1": "10.190.1.101" },
        );
        const [balanced, alone] = text.split("\n").reduce<string[][]>((all, line) => {
            if (line.startsWith("listen ")) all.push([]);
            all.at(-1)?.push(line.trim());
            return all;
        }, []);
        assert.deepEqual(
            balanced?.filter((line) => /^(listen|bind|server)/.test(line)),
            [
                "listen sample-8080",
                "bind :21060",
                "server manager-1 10.190.1.11:8080 check",
                "server worker-1 10.190.1.101:8080 check",
            ],
        );
        assert.deepEqual(
            alone?.filter((line) => line !== ""),
            ["listen sample-8080-worker-1", "bind :21062", "retries 0", "server worker-1 10.190.1.101:8080"],
        );
    });
});

/** What the engine says about a host that was made when hosts published the ports of the sample and the registry. */
function formerHost(name: string, bound: Record<number, number>): LabHost {
    const PortBindings = Object.fromEntries(
        Object.entries(bound).map(([port, place]) => [
            `${port}/tcp`,
            [{ HostIp: "127.0.0.1", HostPort: String(place) }],
        ]),
    );
    const State = { Status: "running", Running: true, StartedAt: "2026-01-01T12:00:00Z" };
    const info = {
        Id: name,
        Name: `/skep-dev-${name}`,
        Created: State.StartedAt,
        State,
        HostConfig: { PortBindings },
    };
    return labHost("dev", info as unknown as ContainerInspectInfo);
}

/** The inputs of every container that a lab with these hosts declares. */
async function declareLab(args: Pick<LabHostsArgs, "hosts" | "standing" | "gateway">) {
    const declared = new Map<string, Props>();
    await pulumi.runtime.setMocks({
        newResource: ({ type, name, inputs }) => {
            if (type === "docker:index/container:Container") declared.set(name, inputs as Props);
            return { id: name, state: { ...KEY, ...(inputs as Props) } };
        },
        call: () => ({}),
    });
    await pulumi.runtime.runInPulumiStack(() => {
        new LabHosts("lab", {
            stack: "dev",
            project: "here",
            facts: {},
            images: { host: "sha256:h", gateway: "sha256:g" },
            subnet: "10.190.0.0/20",
            ports: BASE,
            renewed: [],
            ...args,
        });
        return Promise.resolve();
    });
    await pulumi.runtime.disconnect(false);
    return declared;
}

const KEY = { publicKeyOpenssh: "ssh-ed25519 AAAA", privateKeyOpenssh: "key", publicKey: "ssh-ed25519 AAAA" };

describe("A lab whose hosts publish the sample and the registry themselves", () => {
    const bound = {
        "manager-1": { 22: BASE, 2376: BASE + 50, 5000: BASE + 150, 8080: BASE + 100 },
        "worker-1": { 22: BASE + 10, 5000: BASE + 160, 8080: BASE + 110 },
    };
    const former = Object.entries(bound).map(([name, ports]) => formerHost(name, ports));

    it("gets a gateway, and no host is made anew, whatever the settings say now", async () => {
        for (const [sample, registry] of [
            [8080, 5000],
            [9090, 5001],
        ] as const) {
            const { settings } = checkSettings("dev", {
                managers: 1,
                workers: 2,
                zones: 1,
                labPorts: BASE,
                sample: { port: sample, replicas: 1 },
                registry: { port: registry },
            });
            assert.ok(settings);
            const gateway = gatewayPorts(settings, former) ?? [];
            const { hosts } = placementOf(settings);
            const declared = await declareLab({ hosts, gateway, standing: standingPorts(former) });
            for (const [name, ports] of Object.entries(bound)) {
                const wanted = declared.get(name);
                assert.ok(wanted);
                // As the plugin reads it back from the engine.
                const read = Object.entries(ports).map(([internal, external]) => ({
                    internal: Number(internal),
                    external,
                    ip: "127.0.0.1",
                    protocol: "tcp",
                }));
                assert.deepEqual(container.differs?.({ ...wanted, ports: read }, wanted), []);
            }
            assert.deepEqual(declared.get("worker-2")?.ports, [
                { internal: 22, external: BASE + 11, ip: "127.0.0.1" },
            ]);
            const places = (declared.get("lab-gateway")?.ports as { external: number }[]).map(
                ({ external }) => external,
            );
            assert.equal(places.length, 2 * (1 + 3));
            assert.ok(
                !places.some((place) =>
                    former.some(({ published: all }) => all.some(({ external }) => external === place)),
                ),
            );
        }
    }).timeout(20_000);
});
