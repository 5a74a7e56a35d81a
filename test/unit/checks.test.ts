// The checks of a standing swarm: what each finds, and that a probe removes what it made.

import assert from "node:assert/strict";
import { skepError } from "../../errors";
import type { NodeSpec, SwarmNode } from "../../planning/engine-api";
import { type Check, type Expected, findings } from "../../swarm/checks/check";
import { dataPath } from "../../swarm/checks/data-path";
import { QUICK_CHECKS } from "../../swarm/checks/list";
import { ConnectionError, EngineError } from "../../swarm/failures";
import type { Host } from "../../swarm/host";
import type { Swarm } from "../../swarm/swarm";

const NOW = Date.parse("2026-11-26T12:00:00Z");
const TEMPLATE = { ContainerSpec: { Image: "web:1" } };

/** What a fake host is asked, and how it answers. */
interface FakeHost {
    name: string;
    zone: string;
    state?: "ready" | "down";
    availability?: NodeSpec["Availability"];
    reachability?: "reachable" | "unreachable";
    login?: Error;
    probe?: (mode: string) => unknown;
}

const WELL: FakeHost[] = [
    { name: "manager-1", zone: "a" },
    { name: "worker-1", zone: "a" },
    { name: "worker-2", zone: "b" },
];

/**
 * A swarm with these hosts, whose first one leads; `lacking` stacks have a service without tasks. `encrypted`: somebody uses
 * an encrypted network; `lossy`: packets get lost on such networks.
 */
function world(
    hosts: FakeHost[],
    { lacking = [] as string[], leaders = 1, stale = "", encrypted = false, lossy = false } = {},
) {
    const asked: string[] = [];
    const sealed: string[] = [];
    type Made = { body?: { Name?: string; Options?: object } };
    const members = hosts.map(
        ({ name, state = "ready", availability = "active", reachability }, i): SwarmNode => ({
            ID: name,
            Version: { Index: 1 },
            Spec: {
                Role: name.startsWith("manager") ? "manager" : "worker",
                Availability: availability,
                Labels: { ...(name === "worker-1" && { registry: "true" }) },
            },
            Status: { State: state },
            Description: { Hostname: name },
            ...(name.startsWith("manager") && {
                ManagerStatus: { Leader: i < leaders, Reachability: reachability ?? "reachable" },
            }),
        }),
    );
    const swarm = {
        ctx: { signal: new AbortController().signal, log: (text: string) => void asked.push(text) },
        during: () => swarm,
        members: async () => members,
        clock: async () => NOW,
        services: async ({ label }: { label: string[] }) => [
            {
                ID: String(label),
                Spec: { Name: String(label).split("=")[1], Mode: { Replicated: {} }, TaskTemplate: TEMPLATE },
            },
        ],
        tasks: async ({ label }: { label: string[] }) =>
            lacking.some((name) => String(label).endsWith(`=${name}`))
                ? []
                : [
                      {
                          ServiceID: String(label),
                          Slot: 1,
                          NodeID: "worker-1",
                          DesiredState: "running",
                          Spec: TEMPLATE,
                          Status: { State: "running" },
                      },
                  ],
        call: async (method: string, path: string, { body }: Made = {}) => {
            if (body?.Options && "encrypted" in body.Options) sealed.push(body.Name ?? "");
            if (path.includes("overlay")) return encrypted ? [{ Options: { encrypted: "" } }] : [];
            const plain = path.replace(/\?.*/, "").replace(/skep-probe-[0-9a-f]{8}$/, "PROBE");
            asked.push(`${method} ${plain}`);
            return plain === "/networks" ? (stale ? [{ Id: "old", Created: stale }] : []) : undefined;
        },
    } as unknown as Swarm;
    const expected: Expected = {
        stacks: ["registry", "sample"],
        registry: { server: "r:5000", username: "skep", password: "secret" },
        unlockKey: "",
        certificates: {},
        hosts: hosts.map(({ name, zone, login, probe }) => ({
            zone,
            nodeId: name,
            role: name.startsWith("manager") ? "manager" : "worker",
            host: {
                name,
                call: async () => {
                    asked.push(`${name} login`);
                    if (login) throw login;
                },
                script: async (
                    _script: string,
                    { MODE = "", PEERS = "", NAME = "" }: Record<string, string>,
                ) => {
                    asked.push(`${name} ${MODE}`);
                    const peers = PEERS.split("\n").map((line) => line.split(" ")[0]);
                    const isSealed = sealed.some((network) => NAME.startsWith(network));
                    const isLost = isSealed && lossy;
                    const usual: Record<string, unknown> = {
                        open: { address: `10.0.0.${name.length}` },
                        try: peers.map((peer) => ({ peer, named: true, large: !isLost, small: false })),
                        close: {},
                    };
                    return probe?.(MODE) ?? usual[MODE];
                },
            } as unknown as Host,
        })),
    };
    return { swarm, expected, asked };
}

async function found(hosts: FakeHost[], more: Parameters<typeof world>[1] = {}, checks = QUICK_CHECKS) {
    const { swarm, expected } = world(hosts, more);
    return (await findings(checks, swarm, expected, 0)).map(({ id, problem }) => `${id} ${problem}`);
}

const withHost = (name: string, more: Partial<FakeHost>) =>
    WELL.map((host) => (host.name === name ? { ...host, ...more } : host));

describe("The last look", () => {
    it("finds nothing in a swarm that is well", async () => {
        assert.deepEqual(await found(WELL), []);
    });

    it("names a host that is no ready node", async () => {
        const [down] = await found(withHost("worker-2", { state: "down" }));
        assert.match(down ?? "", /^NODE_NOT_READY The node worker-2 is not ready \(down\)\./);
        const [cut] = await found(withHost("manager-1", { reachability: "unreachable" }));
        assert.match(cut ?? "", /^NODE_NOT_READY The node manager-1 is not ready \(unreachable\)\./);
    });

    it("wants exactly one leader", async () => {
        const three = [...WELL, { name: "manager-2", zone: "b" }];
        assert.match((await found(three, { leaders: 0 })).join(), /^NO_LEADER The swarm has 0 leaders/);
        assert.match((await found(three, { leaders: 4 })).join(), /^NO_LEADER The swarm has 2 leaders/);
    });

    it("names the service that lacks tasks", async () => {
        assert.deepEqual(await found(WELL, { lacking: ["sample"] }), [
            "STACK_NOT_RUNNING sample: 0 of 1 tasks run.",
        ]);
    });

    it("has one host of each zone log in to the registry, and names the one that cannot", async () => {
        const refused = new EngineError("worker-2", "POST /auth", 500, "x509: unknown authority");
        assert.deepEqual(await found(withHost("worker-2", { login: refused })), [
            "REGISTRY_UNUSABLE worker-2 in zone b cannot log in to the registry r:5000: x509: unknown authority.",
        ]);
        assert.deepEqual(await found(withHost("worker-1", { login: refused })), [], "worker-1 is asked, too");
    });

    it("asks no registry whose nodes are all drained", async () => {
        const login = new EngineError("manager-1", "POST /auth", 500, "connection refused");
        const drained = withHost("worker-1", { availability: "drain" });
        const registryOff = drained.map((host) => ({ ...host, login }));
        assert.deepEqual(await found(registryOff), []);
    });

    it("takes a swarm that does not answer for a finding, and a bug for a bug", async () => {
        const failing = (error: Error): Check[] => [
            { name: "x", sentence: "x", run: () => Promise.reject(error) },
        ];
        const gone = new ConnectionError("HOST_UNREACHABLE", "manager-1 is gone.", "");
        assert.deepEqual(await found(WELL, {}, failing(gone)), ["HOST_UNREACHABLE manager-1 is gone."]);
        await assert.rejects(found(WELL, {}, failing(new TypeError("a bug"))), /a bug/);
    });

    it("waits for what settles within its patience", async () => {
        let looks = 0;
        const settling: Check = {
            name: "x",
            sentence: "x",
            run: async () => (++looks < 2 ? skepError("NO_LEADER", "none yet", "").problems.slice() : []),
        };
        const { swarm, expected } = world(WELL);
        assert.deepEqual(await findings([settling], swarm, expected, 5000), []);
        assert.equal(looks, 2);
    });
});

describe("A probe of the data path", () => {
    const probe = async (hosts: FakeHost[], more = {}) => {
        const { swarm, expected, asked } = world(hosts, more);
        const problems = await dataPath.run(swarm, expected);
        return { asked, problems: problems.map(({ id, problem }) => `${id} ${problem}`) };
    };

    it("runs on one active node of each zone, and removes what it made", async () => {
        const { asked, problems } = await probe(withHost("manager-1", { availability: "drain" }));
        assert.deepEqual(problems, []);
        assert.deepEqual(asked, [
            "GET /networks",
            "POST /networks/create",
            "worker-1 open",
            "worker-2 open",
            "worker-1 try",
            "worker-2 try",
            "worker-1 close",
            "worker-2 close",
            "DELETE /networks/PROBE",
        ]);
    });

    it("has nothing to do within one zone", async () => {
        assert.deepEqual((await probe(WELL.slice(0, 2))).asked, []);
    });

    it("names what it could not try, and removes what it made all the same", async () => {
        const fails = (mode: string) => {
            if (mode === "open") throw skepError("HOST_SCRIPT", "docker run failed on worker-2.", "");
        };
        const { asked, problems } = await probe(withHost("worker-2", { probe: fails }));
        assert.deepEqual(problems, [
            "DATA_PATH_UNTESTED The data path between the zones could not be tried: docker run failed on worker-2.",
        ]);
        assert.deepEqual(asked.slice(-3), ["manager-1 close", "worker-2 close", "DELETE /networks/PROBE"]);
    });

    it("tries an encrypted network too where somebody uses one, and says what only that one loses", async () => {
        assert.deepEqual((await probe(WELL, { lossy: true })).problems, []);
        assert.deepEqual((await probe(WELL, { encrypted: true })).problems, []);
        const { problems, asked } = await probe(WELL, { encrypted: true, lossy: true });
        assert.match(
            problems.join(),
            /^DATA_PATH_ENCRYPTED Packets of 1,400 bytes are lost on encrypted overlay networks either way between manager-1 /,
        );
        // What is wrong shows on a second network, too.
        assert.equal(asked.filter((line) => line === "DELETE /networks/PROBE").length, 3);
    });

    it("believes a second network that works", async () => {
        let opened = 0;
        const first = (mode: string) => {
            if (mode === "open" && opened++ === 0)
                throw skepError("HOST_SCRIPT", "docker run failed on worker-2.", "");
        };
        assert.deepEqual((await probe(withHost("worker-2", { probe: first }))).problems, []);
        assert.equal(opened, 2);
    });

    it("says for how long its leavings stay where they cannot be removed", async () => {
        const fails = (mode: string) => {
            if (mode === "close") throw skepError("HOST_SCRIPT", "docker rm failed on worker-2.", "");
        };
        const { asked, problems } = await probe(withHost("worker-2", { probe: fails }));
        assert.deepEqual(problems, []);
        assert.match(asked.at(-1) ?? "", /is removed by the next look: docker rm failed/);
    });

    it("removes the network of an earlier probe that was killed, and leaves one that may be at work", async () => {
        const old = new Date(NOW - 6 * 60_000).toISOString();
        assert.ok((await probe(WELL, { stale: old })).asked.includes("DELETE /networks/old"));
        const young = new Date(NOW - 60_000).toISOString();
        assert.ok(!(await probe(WELL, { stale: young })).asked.includes("DELETE /networks/old"));
    });
});
