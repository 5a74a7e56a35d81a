// The items of the CIS Docker Benchmark that a look at hosts can decide.

import assert from "node:assert/strict";
import { cisCode, cisText } from "../../cli/commands/check";
import { checkSettings } from "../../config/settings";
import { EXIT_CODES } from "../../errors/problem-group";
import { CIS_NUMBERS, type CisHost, type CisSwarm, cisTable } from "../../planning/cis";
import { assertMatches } from "../support/schema";

/** A host that meets every item. */
const HARD: CisHost = {
    ...{ name: "manager-1", isManager: true, uid: 1000, driver: "overlay2", experimental: false },
    arguments: [
        "/usr/bin/dockerd",
        "-H",
        "tcp://0.0.0.0:2376",
        "--tlsverify",
        "--tlscacert=a",
        "--tlscert=b",
        "--tlskey=c",
        "--icc=false",
    ],
    daemon: {
        ...{ "default-ulimits": { nofile: {} }, "authorization-plugins": ["opa"], "log-driver": "journald" },
        ...{ "no-new-privileges": true, "userland-proxy": false },
    },
    files: [{ path: "/etc/docker/tls/key.pem", owner: "root:root", mode: "400" }],
    listens: ["0B01BE0A:0949"],
    security: ["name=seccomp,profile=builtin", "name=userns"],
    insecureRegistries: [],
};
const SWARM: CisSwarm = { managers: 3, autolock: true, plain: [], secrets: 1, certificateDays: 90 };

function open(host: Partial<CisHost>, swarm: CisSwarm | undefined = SWARM, waivers = {}) {
    const items = cisTable([{ ...HARD, ...host }], [], swarm, waivers);
    return items.filter(({ result }) => result !== "pass").map(({ number, reason }) => `${number} ${reason}`);
}

describe("The table of the CIS Docker Benchmark", () => {
    it("passes a host that meets every item, in the benchmark's order", () => {
        assert.deepEqual(open({}), []);
        assert.deepEqual(CIS_NUMBERS.slice(0, 9), [
            "2.1",
            "2.2",
            "2.3",
            "2.4",
            "2.5",
            "2.6",
            "2.7",
            "2.8",
            "2.9",
        ]);
        assert.equal(new Set(CIS_NUMBERS).size, CIS_NUMBERS.length);
    });

    it("names what differs: options in either place, files, listeners, networks", () => {
        const bare = HARD.arguments.slice(0, 3);
        assert.deepEqual(open({ arguments: bare, daemon: { ...HARD.daemon, "log-level": "debug" } }), [
            "2.2 icc is true",
            "2.3 log-level is debug",
            "2.7 without tlsverify, tlscacert, tlscert and tlskey",
        ]);
        const key = { path: "/etc/docker/tls/key.pem", owner: "skep:skep", mode: "640" };
        assert.deepEqual(open({ uid: 0, files: [key], listens: ["00000000:0949"] }), [
            "2.1 it runs as root",
            "3.13 /etc/docker/tls/key.pem belongs to skep:skep",
            "3.14 /etc/docker/tls/key.pem has mode 640",
            "7.2 it listens at all addresses",
        ]);
        const soft = { managers: 2, autolock: false, plain: ["web"], secrets: 0, certificateDays: 365 };
        assert.deepEqual(open({}, soft), [
            "7.1 it has 2",
            "7.3 not encrypted: web",
            "7.4 the swarm keeps none",
            "7.5 autolock is off",
            "7.7 every 365 days",
        ]);
    });

    it("takes the reason of a waiver, and ends well with warnings unless they are errors", () => {
        const items = cisTable([{ ...HARD, uid: 0 }], [], SWARM, { "2.1": "we need root" });
        assert.deepEqual(items[0], {
            ...{ number: "2.1", sentence: "the engine does not run as root", result: "waived" },
            ...{ reason: "we need root", hosts: ["manager-1"] },
        });
        assert.equal(cisCode(items, true), EXIT_CODES.done);
        const warned = cisTable([{ ...HARD, uid: 0 }], [], SWARM, {});
        assert.deepEqual([cisCode(warned), cisCode(warned, true)], [EXIT_CODES.done, EXIT_CODES.swarm]);
    });

    it("says what it could not see, as text of 80 columns and as its schema says", () => {
        const items = cisTable([{ ...HARD, uid: 0 }], ["worker-1"], undefined, {});
        const of = (number: string) => items.find((item) => item.number === number)!;
        assert.deepEqual(
            [of("2.1").result, of("2.2").hosts, of("7.5").reason],
            [...["warn", ["worker-1"], "no manager answered"]],
        );
        assert.equal(cisCode(items), EXIT_CODES.left);
        const text = cisText(items);
        assert.deepEqual(
            text.filter((line) => line.length > 80),
            [],
        );
        assert.match(
            text.join("\n"),
            /\? 7\.5 +managers are locked by a key \(autolock\)\n +no manager answered/,
        );
        assertMatches("check", { stack: "dev", at: "", checks: [], cis: items });
    });

    it("has waivers among the settings, for numbers that there are", () => {
        const ids = (cisWaivers: unknown) =>
            checkSettings("dev", { cisWaivers }).problems.map(({ problem }) => problem);
        assert.deepEqual(ids({ "2.14": "an image uses sudo" }), []);
        assert.match(ids({ "2.99": "x" }).join(), /the number of an item, in quotes: 2\.1, 2\.2/);
        assert.equal(ids({ "2.14": "" }).length, 1);
    });
});
