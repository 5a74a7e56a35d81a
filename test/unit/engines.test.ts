// What a host reports of its engine's packages, and what that means for the preview and for the swarm.

import assert from "node:assert/strict";
import fc from "fast-check";
import {
    describeEngine,
    ENGINE_PACKAGES,
    type EngineVersions,
    type FoundEngine,
    parseInstalled,
    parseStale,
    workFor,
} from "../../planning/engine-packages";
import { interrupts } from "../../planning/rollout";

const ASKED: EngineVersions = {
    "docker-ce": "5:26.1.5-1~debian.12~bookworm",
    "docker-ce-cli": "5:26.1.5-1~debian.12~bookworm",
    "containerd.io": "1.7.24-1",
};
const OTHER = "5:28.5.2-1~debian.12~bookworm";
const needsRestart = (each: FoundEngine, asked: EngineVersions) => interrupts(workFor(each, asked, []));
const LISTED = ENGINE_PACKAGES.map((name) => `${name} ${ASKED[name]} hold installed`);
const found = (lines: readonly string[], running?: string): FoundEngine => ({
    installed: parseInstalled(`${lines.join("\n")}\n`),
    running,
    stale: [],
});
const asAsked = found(LISTED, "26.1.5+dfsg1");
/** The list of packages with one line changed. */
const but = (name: string, change: (line: string) => string) =>
    LISTED.map((line) => (line.startsWith(`${name} `) ? change(line) : line));

describe("An engine's packages as a host lists them", () => {
    it("are what is asked when versions and holds are, whatever Debian calls the engine that runs", () => {
        for (const running of ["26.1.5+dfsg1", "26.1.5", "26.1.5~ds1"])
            assert.deepEqual(describeEngine({ ...asAsked, running }), ASKED);
        assert.equal(needsRestart(asAsked, ASKED), false);
    });

    it("show a missing hold, which nobody has to restart for", () => {
        const loose = found(
            but("docker-ce-cli", (line) => line.replace("hold", "install")),
            "26.1.5",
        );
        assert.equal(describeEngine(loose)["docker-ce-cli"], `${ASKED["docker-ce-cli"]} (not held)`);
        assert.equal(needsRestart(loose, ASKED), false);
    });

    it("show another version; of the command line nobody has to restart for it, of the others the engine has to", () => {
        for (const name of ENGINE_PACKAGES) {
            const changed = found(
                but(name, (line) => line.replace(ASKED[name], OTHER)),
                "26.1.5",
            );
            assert.ok(describeEngine(changed)[name].startsWith(OTHER), name);
            assert.equal(needsRestart(changed, ASKED), name !== "docker-ce-cli", name);
        }
    });

    it("show an engine that is older than its files, or whose firewall was flushed, as one that has to restart", () => {
        const stale = parseStale(
            "containerd.io 1 hold installed\nnewer /etc/docker/daemon.json\nno-chains\n",
        );
        const changed = { ...asAsked, stale };
        assert.equal(
            describeEngine(changed)["docker-ce"],
            `${ASKED["docker-ce"]} (it started before /etc/docker/daemon.json was changed, its firewall rules are gone)`,
        );
        assert.equal(needsRestart(changed, ASKED), true);
        assert.deepEqual(parseStale(""), []);
    });

    it("show an engine that does not run, and one that is another than the installed one", () => {
        const stopped = found(LISTED);
        assert.equal(describeEngine(stopped)["docker-ce"], `${ASKED["docker-ce"]} (not running)`);
        assert.equal(needsRestart(stopped, ASKED), true);
        const old = found(LISTED, "20.10.24+dfsg1");
        assert.equal(describeEngine(old)["docker-ce"], `${ASKED["docker-ce"]} (20.10.24+dfsg1 is running)`);
        assert.equal(needsRestart(old, ASKED), true);
    });

    it("show a package that is not there, or of which only settings are left", () => {
        for (const lines of [
            but("containerd.io", () => ""),
            but("containerd.io", (line) => line.replace("hold installed", "deinstall config-files")),
        ])
            assert.equal(describeEngine(found(lines, "26.1.5"))["containerd.io"], "not installed");
    });

    it("are left to do by what it takes: a hold, a reload of settings, a restart, packages", () => {
        const loose = found(
            but("docker-ce-cli", (line) => line.replace("hold", "install")),
            "26.1.5",
        );
        const other = found(
            but("containerd.io", (line) => line.replace(ASKED["containerd.io"], OTHER)),
            "26.1.5",
        );
        assert.equal(workFor(asAsked, ASKED, []), undefined);
        assert.equal(workFor(loose, ASKED, []), "hold");
        assert.equal(workFor(loose, ASKED, ["debug", "labels"]), "reload");
        assert.equal(workFor(asAsked, ASKED, ["debug", "log-driver"]), "restart");
        assert.equal(workFor({ ...asAsked, stale: ["x"] }, ASKED, ["debug"]), "restart");
        assert.equal(workFor(other, ASKED, ["log-driver"]), "packages");
    });

    it("equal what is asked exactly when there is nothing to do, and a restart is something to do", () => {
        const version = fc.constantFrom(ASKED["docker-ce"], ASKED["containerd.io"], OTHER);
        const one = fc.option(fc.record({ version, held: fc.boolean() }), { nil: undefined });
        const any: fc.Arbitrary<FoundEngine> = fc.record({
            installed: fc.record({ "docker-ce": one, "docker-ce-cli": one, "containerd.io": one }),
            running: fc.constantFrom(undefined, "26.1.5", "28.5.2+dfsg4"),
            stale: fc.subarray(parseStale("newer /etc/docker/daemon.json\nno-chains")),
        });
        fc.assert(
            fc.property(any, (each) => {
                const described = describeEngine(each);
                const isAsked = ENGINE_PACKAGES.every((name) => described[name] === ASKED[name]);
                const isRight = ENGINE_PACKAGES.every((name) => {
                    const { version: has, held } = each.installed[name] ?? {};
                    return has === ASKED[name] && held;
                });
                assert.equal(isAsked, isRight && each.running === "26.1.5");
                if (needsRestart(each, ASKED)) assert.ok(!isAsked);
            }),
        );
    });
});
