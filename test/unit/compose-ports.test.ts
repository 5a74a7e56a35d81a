// Published ports of compose files: every form, with the mesh and without.

import assert from "node:assert/strict";
import fc from "fast-check";
import type { Port } from "../../planning/compose";
import { readShortPort } from "../../planning/compose/ports";
import { problemsOf, render, rendered, service, warningsOf } from "../support/compose";

interface File {
    services: Record<string, { ports?: Partial<Port>[]; deploy?: Record<string, unknown> }>;
}
const withoutMesh = (text: string) => rendered<File>(text, { publish: "host" }).services;

/** Port numbers of a range, and how it is written. */
const range = fc
    .tuple(fc.integer({ min: 1, max: 60_000 }), fc.integer({ min: 0, max: 9 }))
    .map(([first, more]) => ({
        text: more === 0 ? `${first}` : `${first}-${first + more}`,
        numbers: Array.from({ length: more + 1 }, (_, index) => first + index),
    }));
const protocol = fc.constantFrom("", "/tcp", "/udp", "/sctp", "/UDP");
const ip = fc.constantFrom("", "127.0.0.1:", "0.0.0.0:", "[::1]:", "::1:");

describe("A published port", () => {
    it("is read in every short form", () => {
        fc.assert(
            fc.property(ip, range, range, protocol, (address, host, container, suffix) => {
                const read = readShortPort(`${address}${host.text}:${container.text}${suffix}`);
                const single = container.numbers.length === 1;
                if (!single && host.numbers.length !== container.numbers.length) {
                    assert.ok("fault" in read);
                    return;
                }
                assert.ok("ports" in read, JSON.stringify(read));
                assert.deepEqual(
                    read.ports,
                    host.numbers.map((published, index) => ({
                        target: single ? container.numbers[0] : container.numbers[index],
                        published,
                        protocol: suffix === "" ? "tcp" : suffix.slice(1).toLowerCase(),
                        mode: "ingress",
                    })),
                );
                assert.equal(read.ip, address === "" ? undefined : address.replace(/[[\]]|:$/g, ""));
            }),
        );
    });

    it("can leave the published number to the node", () => {
        fc.assert(
            fc.property(range, protocol, (container, suffix) => {
                for (const text of [`${container.text}${suffix}`, `127.0.0.1::${container.text}${suffix}`]) {
                    const read = readShortPort(text);
                    assert.ok("ports" in read);
                    assert.deepEqual(
                        read.ports.map(({ target, published }) => [target, published]),
                        container.numbers.map((number) => [number, undefined]),
                    );
                }
            }),
        );
    });

    it("is refused where it is none", () => {
        for (const text of [
            "",
            "a",
            "80:",
            "65536",
            "5-3",
            "80/icmp",
            "80/tcp/udp",
            "1-2:1-3",
            "x:80:80",
            "a:80",
            "-1",
        ])
            assert.ok("fault" in readShortPort(text), text);
        assert.deepEqual(problemsOf(service('ports: ["80:http", 8080]')), [
            '4: services.web.ports: "80:http" is no port: its port of the container is none',
        ]);
        assert.deepEqual(problemsOf(service("ports: [{ published: 80 }]")), [
            "4: services.web.ports: a port needs a target",
        ]);
    });

    it("stays as it is written where there is a mesh", () => {
        const text = service('ports:\n  - "8080:80" # web\n  - 9\n  - { target: 1, published: 2 }');
        assert.equal(render(text).compose, text);
    });

    it("is published by its nodes without a mesh, wherever it stands in the file", () => {
        const base = `x-ports: &ports\n  - "8080-8081:80"\n  - &udp { target: 53, published: 5353, protocol: udp }\n`;
        const forms = {
            own: service('ports: ["8080-8081:80", { target: 53, published: 5353, protocol: udp }]'),
            alias: base + service("ports: *ports"),
            items: base + service('ports: ["8080-8081:80", *udp]'),
            merged: base + service("<<: { ports: *ports }"),
            item: base + service('ports:\n  - "8080-8081:80"\n  - <<: *udp\n    mode: ingress'),
        };
        for (const [form, text] of Object.entries(forms))
            assert.deepEqual(
                withoutMesh(text).web?.ports,
                [
                    { target: 80, published: 8080, protocol: "tcp", mode: "host" },
                    { target: 80, published: 8081, protocol: "tcp", mode: "host" },
                    { target: 53, published: 5353, protocol: "udp", mode: "host" },
                ],
                form,
            );
    });

    it("needs services without virtual IPs where there is no mesh, however they are deployed", () => {
        const base = "x-d: &d { replicas: 2, endpoint_mode: vip }\n";
        const forms: [string, object][] = [
            [service(""), {}],
            [service("deploy:"), {}],
            [service("deploy: { endpoint_mode: vip, replicas: 2 }"), { replicas: 2 }],
            [base + service("deploy: *d"), { replicas: 2 }],
            [base + service("deploy: { <<: *d, replicas: 3 }"), { replicas: 3 }],
            [base + service("<<: { deploy: *d }"), { replicas: 2 }],
        ];
        for (const [text, others] of forms)
            assert.deepEqual(withoutMesh(text).web?.deploy, { ...others, endpoint_mode: "dnsrr" }, text);
        // A copy of what an alias names is no anchor of its own.
        assert.equal(
            render(`x-n: &n 2\n${service("deploy: { replicas: *n }")}`).compose.split("&n").length,
            2,
        );
        // What the file defines beside its services is nobody's deployment.
        const again = render(base + service("deploy: *d"), { publish: "host" }).compose;
        assert.ok(again.startsWith("x-d: &d { replicas: 2, endpoint_mode: vip }\n"), again);
    });

    it("of one address is published on all, which is told", () => {
        assert.deepEqual(warningsOf(service('ports:\n  - 80\n  - "127.0.0.1:8080:80"')), [
            "6: services.web.ports: the address 127.0.0.1 is ignored; a swarm publishes on all addresses of its nodes",
        ]);
    });

    it("is given by the mesh once", () => {
        const two = (first: string, second: string) =>
            `services:\n  a: { image: x, ports: ${first} }\n  b: { image: x, ports: ${second} }\n`;
        assert.deepEqual(problemsOf(two('["80:80"]', "[{ target: 1, published: 80 }]")), [
            "3: services.b.ports: a publishes 80/tcp already",
        ]);
        assert.deepEqual(problemsOf(two('["80:80"]', '["80:80/udp", 80]')), []);
        assert.deepEqual(problemsOf(two('["80:80"]', '["80:80"]'), { publish: "host" }), []);
    });

    it("goes by the mesh to virtual IPs only", () => {
        const deploy = "deploy: { endpoint_mode: dnsrr }\nports: ";
        assert.equal(problemsOf(service(`${deploy}["80:80"]`)).length, 1);
        assert.deepEqual(problemsOf(service(`${deploy}[{ target: 80, published: 80, mode: host }]`)), []);
        assert.deepEqual(problemsOf(service(`${deploy}["80:80"]`), { publish: "host" }), []);
    });
});

describe("A start-first update", () => {
    const update = (lines: string, order = "start-first") =>
        service(`${lines}\ndeploy:\n  replicas: 3\n  update_config: { order: ${order} }`);

    it("is refused where nodes publish the ports, for its rollback too", () => {
        const host = update("ports: [{ target: 80, published: 80, mode: host }]");
        assert.match(problemsOf(host).join(), /^7: services\.web\.deploy\.update_config: .* can never begin/);
        assert.equal(problemsOf(update('ports: ["80:80"]'), { publish: "host" }).length, 1);
        const rollback = host.replace("update_config", "rollback_config");
        assert.match(problemsOf(rollback).join(), /rollback_config: a start-first update/);
    });

    it("is taken where nothing stands in its way", () => {
        assert.deepEqual(problemsOf(update('ports: ["80:80"]')), []);
        assert.deepEqual(problemsOf(update("ports: [80]"), { publish: "host" }), []);
        assert.deepEqual(problemsOf(update('ports: ["80:80"]', "stop-first"), { publish: "host" }), []);
        assert.deepEqual(problemsOf(update(""), { publish: "host" }), []);
    });

    it("is taken where a node is free, if the number of nodes is known", () => {
        const text = update('ports: ["80:80"]');
        assert.deepEqual(problemsOf(text, { publish: "host", nodes: 4 }), []);
        assert.equal(problemsOf(text, { publish: "host", nodes: 3 }).length, 1);
        const global = service(
            'ports: ["80:80"]\ndeploy: { mode: global, update_config: { order: start-first } }',
        );
        assert.equal(problemsOf(global, { publish: "host", nodes: 9 }).length, 1);
    });

    it("is refused where all nodes have as many tasks as they may", () => {
        const text = service(
            "deploy:\n  replicas: 4\n  update_config: { order: start-first }\n  placement: { max_replicas_per_node: 2 }",
        );
        assert.match(problemsOf(text, { nodes: 2 }).join(), /^6: .*max_replicas_per_node leaves no room/);
        assert.deepEqual([problemsOf(text, { nodes: 3 }), problemsOf(text)], [[], []]);
    });
});
