import assert from "node:assert/strict";
import { Readable } from "node:stream";
import { mock } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import fc from "fast-check";

import { logsOf } from "../../cli/commands/logs";
import { sinceSeconds } from "../../planning/durations";
import { LogReader } from "../../planning/service-log";
import { fakeStanding } from "../support/fake-standing";
import { FakeWorld } from "../support/fake-swarm";
import { printed } from "../support/printed";
import { assertMatches } from "../support/schema";

const TIME = "2026-11-26T10:00:00.000000001Z";

function frame(stream: number, text: string): Buffer {
    const body = Buffer.from(text);
    const head = Buffer.alloc(8);
    head[0] = stream;
    head.writeUInt32BE(body.length, 4);
    return Buffer.concat([head, body]);
}

const details = (task: string, node: string) =>
    `com.docker.swarm.node.id=${node},com.docker.swarm.service.id=s1,com.docker.swarm.task.id=${task}`;

function read(reader: LogReader, whole: Buffer, cuts: readonly number[] = []) {
    const ends = [...new Set(cuts.map((cut) => cut % (whole.length + 1)))].sort((a, b) => a - b);
    const pieces = [...ends, whole.length].map((end, i, all) => whole.subarray(all[i - 1] ?? 0, end));
    return [...pieces.flatMap((piece) => reader.read(piece)), ...reader.end()];
}

describe("A service's log", () => {
    it("is the same in whatever pieces it arrives", () => {
        const texts = fc.array(
            fc.string({ unit: "grapheme" }).map((text) => text.replace(/[\r\n]/g, "").trimEnd()),
        );
        fc.assert(
            fc.property(texts, fc.array(fc.nat(5000)), fc.boolean(), (lines, cuts, isRaw) => {
                const whole = lines.map((line) => `${TIME} ${details("t1", "n1")} ${line}\n`);
                const bytes = isRaw
                    ? Buffer.from(whole.join(""))
                    : Buffer.concat(whole.map((line, i) => frame(1 + (i % 2), line)));
                const found = read(new LogReader(isRaw), bytes, cuts).map(({ text }) => text);
                assert.deepEqual(found, lines);
            }),
        );
    });

    it("joins a line that comes in two frames, and keeps the streams apart", () => {
        const bytes = Buffer.concat([
            frame(1, `${TIME} ${details("t1", "n1")} out `),
            frame(2, `${TIME} ${details("t1", "n1")} a=b error\n`),
            frame(1, "put\nno details\n"),
        ]);
        assert.deepEqual(
            read(new LogReader(), bytes).map(({ stream, text, taskId }) => [stream, text, taskId]),
            [
                ["stderr", "a=b error", "t1"],
                ["stdout", "out put", "t1"],
                ["stdout", "no details", undefined],
            ],
        );
    });

    it("begins some time ago, or at a time", () => {
        const now = Date.parse("2026-11-26T10:00:00Z");
        assert.equal(sinceSeconds("10m", now), now / 1000 - 600);
        assert.equal(sinceSeconds("2026-11-26T09:00:00Z", now), now / 1000 - 3600);
        for (const wrong of ["10", "yesterday", "5", "2026-99-99"])
            assert.equal(sinceSeconds(wrong, now), undefined);
    });
});

describe("skep logs", () => {
    function swarm() {
        const world = new FakeWorld(["manager-1", "worker-1"]);
        const cluster = world.standing(["manager-1"], ["worker-1"]);
        world.at("worker-1").runTask("web");
        Object.assign(cluster.tasks[0] ?? {}, { ID: "t1", Slot: 2 });
        return { world, standing: fakeStanding(world, cluster) };
    }
    const logged = async ({ standing }: ReturnType<typeof swarm>, name: string, more = {}) =>
        printed(() => logsOf(standing, name, { stack: "dev", ...more }));
    const answering = (world: FakeWorld, ...frames: Buffer[]) => {
        const asked: string[] = [];
        world.at("manager-1").stream = async (path) => {
            asked.push(path);
            return Readable.from(frames);
        };
        return asked;
    };

    it("shows node and task before each line of a service, and notes what a manager cannot get", async () => {
        const found = swarm();
        const node = found.world.at("worker-1").nodeId;
        const asked = answering(
            found.world,
            frame(1, `${TIME} ${details("t1", node)} GET / 200\n`),
            frame(2, "error from daemon in stream: node n7 is not available\n"),
        );
        const { text } = await logged(found, "web", { timestamps: true });
        assert.equal(text, `${TIME} worker-1/web.2 | GET / 200`);
        assert.deepEqual(found.world.said, ["error from daemon in stream: node n7 is not available"]);
        assert.match(asked[0] ?? "", /tail=100/);
    });

    it("ends when nothing more comes, and names the nodes that nothing came from", async () => {
        const found = swarm();
        found.world.at("manager-1").stream = async () => new Readable({ read: () => undefined });
        mock.timers.enable({ apis: ["setTimeout"] });
        try {
            const end = logged(found, "web");
            while (found.world.said.length === 0) {
                mock.timers.tick(1_000);
                await new Promise((done) => setImmediate(done));
            }
            await end;
        } finally {
            mock.timers.reset();
        }
        assert.match(
            found.world.said.join(),
            /^nothing more came for 10 s: lines from worker-1 may be missing/,
        );
    });

    it("asks for everything since a time, and prints JSON of its schema", async () => {
        const found = swarm();
        const asked = answering(found.world, frame(2, `${TIME} ${details("t1", "gone")} bad\n`));
        const { text } = await logged(found, "web", { since: 5, json: true });
        assertMatches("logs", JSON.parse(text));
        assert.match(text, /"node": "gone",\s+"from": "web.2"|"stream": "stderr"/);
        assert.match(asked[0] ?? "", /tail=all&since=5/);
    });

    it("shows the journal of a host's engine, also without a manager", async () => {
        const found = swarm();
        found.world.at("manager-1").isUp = false;
        const commands: string[] = [];
        found.world.at("worker-1").lines = async function* (command) {
            commands.push(command);
            yield JSON.stringify({
                __REALTIME_TIMESTAMP: "1000000",
                SYSLOG_IDENTIFIER: "dockerd",
                MESSAGE: [104, 105],
            });
        };
        const { text } = await logged(found, "worker-1", { tail: 5, follow: true, timestamps: true });
        assert.equal(text, "1970-01-01T00:00:01.000Z worker-1/dockerd | hi");
        assert.match(commands[0] ?? "", /--lines=5 --follow$/);
    });

    it("ends well when an interrupt ends the stream of a log that it follows", async () => {
        const found = swarm();
        found.world.at("manager-1").stream = async (_path, signal) =>
            Readable.from(
                (async function* () {
                    yield frame(1, `${TIME} ${details("t1", "n")} first\n`);
                    await sleep(60_000, undefined, { signal });
                })(),
            );
        setTimeout(() => found.world.stop.abort(), 50);
        const { text, error } = await logged(found, "web", { follow: true });
        assert.equal(error, undefined);
        assert.equal(text, "n/web.2 | first");
    });

    it("asks for the most similar host or service", async () => {
        const { error } = await logged(swarm(), "worker1");
        assert.match(
            String(error),
            /NAME_UNKNOWN: .*no host and no service "worker1"\. Did you mean worker-1\?/,
        );
    });

    it("says that no manager answers for a service", async () => {
        const found = swarm();
        found.world.at("manager-1").isUp = false;
        assert.match(String((await logged(found, "web")).error), /SWARM_UNREACHABLE/);
    });
});
