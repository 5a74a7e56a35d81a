// What a stack that does not come up says: the last lines of a task that failed, without its secrets.

import assert from "node:assert/strict";
import { Readable } from "node:stream";
import fc from "fast-check";
import { composeEntries, renderStack, summaryOf } from "../../planning/compose";
import { masked } from "../../planning/secrets";
import { lastWords } from "../../swarm/converge";
import { FakeWorld } from "../support/fake-swarm";

describe("A task that failed", () => {
    const failing = (said: () => Readable) => {
        const world = new FakeWorld(["manager-1", "worker-1"]);
        const cluster = world.standing(["manager-1"], ["worker-1"]);
        world.at("worker-1").runTask("web");
        const [task] = cluster.tasks;
        Object.assign(task ?? {}, {
            ID: "t1",
            DesiredState: "shutdown",
            Status: { State: "failed", Err: "task: non-zero exit (1)", Timestamp: "2026-11-27T08:00:00Z" },
        });
        const asked: string[] = [];
        world.at("manager-1").stream = async (path) => {
            asked.push(path);
            return said();
        };
        return { asked, words: () => lastWords(world.swarm(["manager-1"], cluster.id), "") };
    };
    const frame = (text: string) => {
        const head = Buffer.alloc(8);
        head[0] = 1;
        head.writeUInt32BE(Buffer.byteLength(text), 4);
        return Buffer.concat([head, Buffer.from(text)]);
    };

    it("is quoted with what it wrote last", async () => {
        const { words, asked } = failing(() => Readable.from([frame("connecting\nno route to db\n")]));
        assert.deepEqual(await words(), ["web wrote before it failed: connecting / no route to db"]);
        assert.match(asked[0] ?? "", /^\/tasks\/t1\/logs\?.*tail=3/);
    });

    it("is passed over where its log cannot be had", async () => {
        const broken: Readable = new Readable({ read: () => broken.destroy(new Error("gone")) });
        assert.deepEqual(await failing(() => broken).words(), []);
    });
});

describe("A text with secrets masked", () => {
    it("has none of their lines, however they overlap", () => {
        const secret = fc
            .string({ minLength: 4, maxLength: 12 })
            .filter((text) => text.trim() === text && text.length >= 4);
        fc.assert(
            fc.property(fc.array(secret, { minLength: 1, maxLength: 4 }), fc.string(), (secrets, between) => {
                fc.pre(secrets.every((one) => !one.includes("*") && !one.includes("\n")));
                const longest = [...secrets].sort((a, b) => b.length - a.length)[0] ?? "";
                assert.ok(!masked(`${between}${longest}`, secrets).includes(longest));
            }),
        );
        assert.equal(masked("key is -----BEGIN X and more", ["-----BEGIN X\nmore\n"]), "key is *** and ***");
        assert.equal(masked("a yes is no secret", ["yes"]), "a yes is no secret");
    });
});

describe("What changes in a stack", () => {
    const rendered = (text: string) =>
        renderStack({ text, stack: "shop", variables: {}, publish: "mesh", encrypted: false });
    const differing = (one: string, other: string) => {
        const [before, after] = [one, other].map((text) => composeEntries(rendered(text).compose));
        return Object.keys({ ...before, ...after }).filter((name) => before?.[name] !== after?.[name]);
    };
    const file = (service: string) => `services:\n  web:\n    image: a:1\n${service}`;

    it("is named by its place, and its value is not", () => {
        const one = file("    environment: { A: secret, B: '2' }\n    ports: ['80:80']\n");
        const other = file("    environment: [A=other, B=2]\n    ports: ['81:80']\n");
        assert.deepEqual(differing(one, other), ["web.environment.A", "web.ports"]);
        assert.ok(!Object.keys(composeEntries(one)).join().includes("secret"));
    });

    it("is summed up by image and number of tasks", () => {
        const { services } = rendered(
            `${file("    deploy: { replicas: 3 }\n")}  all:\n    image: b:2\n    deploy: { mode: global }\n`,
        );
        assert.deepEqual(summaryOf(services), { web: "a:1, 3 tasks", all: "b:2, global" });
    });
});
