// Which engine and containerd a stack takes, what is known of them, and between which a host may change.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { chosenPackages } from "../../cli/stack/settings";
import { fixedIn } from "../../cli/stack/fixed";
import { checkSettings, type Settings } from "../../config/settings";
import type { Problem } from "../../errors";
import { faultProblems, leastContainerd, mayChangeEngine, pairProblems } from "../../planning/engine-pairs";
import {
    asksForBuilt,
    askedText,
    choiceWarnings,
    choosePackages,
    isStillAsked,
    type Asked,
    type Offer,
} from "../../planning/package-choice";
import { BUILT_ENGINE, partnerOf, TESTED_ENGINES } from "../../planning/tested-engines";
import { isOlder, newestFirst, upstream } from "../../planning/versions";

const NOW = Date.parse("2026-11-26");
const engine = (version: string) => `5:${version}-1~debian.12~bookworm`;
const runtime = (version: string) => `${version}-1~debian.12~bookworm`;

function offer(engines: string[], runtimes: string[], more: Partial<Offer> = {}): Offer {
    const docker = engines.map(engine);
    const available = {
        "docker-ce": docker,
        "docker-ce-cli": docker,
        "containerd.io": runtimes.map(runtime),
    };
    return { available, system: "debian-12", built: false, ...more };
}

/** As Docker's repository looks: newest first, and newer than what Skep was run with. */
const OFFICIAL = offer(
    ["29.10.0", "29.9.0", "29.8.1", "29.8.0", "28.5.2", "28.5.1", "27.5.1", "26.1.5", "26.1.4"],
    ["2.4.2", "2.3.7", "2.3.5", "2.2.1", "2.1.5", "1.7.29", "1.7.24"],
);
const DEBIAN = offer(["28.5.2", "26.1.5", "20.10.24"], ["2.1.9", "1.7.24", "1.6.20"], { built: true });
const WITH_29 = offer(["29.8.1", "28.5.2", "26.1.5", "20.10.24"], ["2.3.5", "2.1.9", "1.7.24", "1.6.20"], {
    built: true,
});

function chosen(from: Offer, asked: Asked): string {
    const { choice, problems } = choosePackages(from, asked);
    return choice
        ? `${upstream(choice.docker)} ${upstream(choice.containerd)}`
        : problems.map(({ id }) => id).join();
}

const ids = (problems: readonly Problem[]) => problems.map(({ id }) => id);

describe("A stack's engine", () => {
    it("is the newest that Skep was run with, beside the containerd of that run, where nothing is asked", () => {
        assert.equal(chosen(OFFICIAL, {}), "29.8.1 2.3.7");
        assert.equal(chosen(offer(["29.10.0", "29.9.0"], ["2.4.2"]), {}), "29.10.0 2.4.2");
        assert.equal(chosen(offer(["28.5.2", "28.5.1"], ["1.7.24"]), {}), "28.5.2 1.7.24");
    });

    it("is Debian's newest in a lab with Debian's packages, also while another stack has 29 built", () => {
        assert.equal(chosen(DEBIAN, {}), "28.5.2 1.7.24");
        assert.equal(chosen(WITH_29, {}), "28.5.2 1.7.24");
        assert.equal(chosen(WITH_29, { docker: "29" }), "29.8.1 2.3.5");
        assert.equal(chosen(DEBIAN, { docker: "20.10" }), "20.10.24 1.6.20");
    });

    it("is of the series that is asked the tested one, else the newest; an exact version is itself", () => {
        assert.equal(chosen(OFFICIAL, { docker: "29" }), "29.8.1 2.3.7");
        assert.equal(chosen(OFFICIAL, { docker: "28" }), "28.5.2 1.7.29");
        assert.equal(chosen(OFFICIAL, { docker: "26.1" }), "26.1.5 1.7.29");
        assert.equal(chosen(OFFICIAL, { docker: "27" }), "27.5.1 1.7.29");
        assert.equal(chosen(OFFICIAL, { docker: "28.5.1" }), "28.5.1 1.7.29");
        assert.equal(chosen(OFFICIAL, { docker: "29.10.0" }), "29.10.0 2.3.7");
        assert.equal(chosen(OFFICIAL, { docker: "2" }), "VERSION_UNKNOWN");
    });

    it("has a containerd that goes with it, or is refused with what would", () => {
        assert.equal(chosen(OFFICIAL, { containerd: "2.2" }), "29.8.1 2.2.1");
        assert.equal(chosen(OFFICIAL, { containerd: "1.7" }), "VERSIONS_CLASH");
        assert.equal(chosen(OFFICIAL, { docker: "28.5", containerd: "1.7.24" }), "28.5.2 1.7.24");
        assert.equal(chosen(OFFICIAL, { containerd: "1.5" }), "VERSION_UNKNOWN");
        assert.equal(chosen(offer(["29.8.1"], ["1.7.29"]), {}), "VERSIONS_CLASH");
        const [clash] = choosePackages(OFFICIAL, { containerd: "1.7" }).problems;
        assert.equal(
            clash?.problem,
            "docker-ce 29.8.1 needs containerd.io 2.1.5 or newer, and 1.7 is asked.",
        );
        // Debian's containerd comes with a runc that starts no container of 29.8.
        assert.equal(chosen(WITH_29, { docker: "29", containerd: "2.1" }), "VERSIONS_CLASH");
        assert.deepEqual(
            ["29.10.0", "29.6.0", "29.5.3", "28.5.2"].map((version) => leastContainerd(version)),
            ["2.1.5", "2.1.5", "1.7.27", undefined],
        );
    });

    it("that its system never had is refused with what there is", () => {
        const trixie = offer(["29.8.1", "28.5.2", "28.1.1"], ["2.3.5", "1.7.29"], { system: "debian-13" });
        const [old] = choosePackages(trixie, { docker: "26.1" }).problems;
        assert.equal(old?.id, "VERSION_UNKNOWN");
        assert.match(
            old.problem,
            /no docker-ce 26\.1\. Docker made no packages for debian-13 before 28\.1\.0\.$/,
        );
        assert.match(old.advice, /: 29\.8\.1, 28\.5\.2, 28\.1\.1\.$/);
        const resolute = offer(["29.8.1", "29.3.1"], ["2.3.5"], { system: "ubuntu-26.04" });
        assert.match(
            choosePackages(resolute, { docker: "28" }).problems[0]!.problem,
            /for ubuntu-26\.04 before 29\.3\.1/,
        );
        const empty = choosePackages(offer([], []), {}).problems;
        assert.match(empty[0]!.advice, /skep:repository/);
    });

    it("counts only with its command line", () => {
        const half = offer(["29.8.1", "28.5.2"], ["2.3.5", "1.7.24"]);
        const available = { ...half.available, "docker-ce-cli": [engine("28.5.2")] };
        assert.equal(chosen({ ...half, available }, {}), "28.5.2 1.7.24");
    });

    it("is always one of the repository's, of what is asked", () => {
        const version = fc
            .tuple(fc.constantFrom(20, 26, 28, 29, 30), fc.nat(9), fc.nat(9))
            .map((parts) => parts.join("."));
        const list = fc
            .uniqueArray(version, { minLength: 1, maxLength: 8 })
            .map((all) => all.sort(newestFirst));
        const asked = fc.option(fc.constantFrom("29", "28", "28.5", "26.1"), { nil: undefined });
        fc.assert(
            fc.property(list, asked, fc.boolean(), (engines, docker, built) => {
                const from = offer(engines, ["2.3.5", "1.7.27"], { built });
                const { choice, problems } = choosePackages(from, { docker });
                if (!choice) return assert.deepEqual(ids(problems), ["VERSION_UNKNOWN"]);
                assert.ok(from.available["docker-ce"].includes(choice.docker));
                assert.ok(
                    docker === undefined || `${upstream(choice.docker)}.`.startsWith(`${docker}.`),
                    choice.docker,
                );
                assert.equal(choice.asked, askedText({ docker }));
            }),
        );
    });
});

describe("A standing stack", () => {
    const settings = (given: Record<string, unknown>) => checkSettings("dev", given).settings as Settings;
    const of = (asked: string, docker: string) => ({ packages: { asked, docker, containerd: "1.7.24" } });

    it("keeps its packages as long as it asks for the same, also where an earlier Skep had other defaults", () => {
        assert.ok(isStillAsked("26.1 1.7", {}));
        assert.ok(isStillAsked("28.5 1.7", { docker: "28.5" }));
        assert.ok(isStillAsked("newest partner", {}));
        assert.ok(isStillAsked("29 partner", { docker: "29" }));
        for (const [recorded, asked] of [
            ["26.1 1.7", { docker: "29" }],
            ["28.5 1.7", {}],
            ["29 partner", {}],
            ["newest partner", { docker: "29" }],
            ["28.5 2.1", { docker: "28.5" }],
            ["28.5 partner", { docker: "28.5", containerd: "1.7" }],
        ] as const)
            assert.ok(!isStillAsked(recorded, asked), recorded);
        const before = of("26.1 1.7", engine("26.1.5"));
        assert.equal(chosenPackages(settings({}), before, {}), before.packages);
        assert.equal(chosenPackages(settings({ dockerVersion: "29" }), before, {}), undefined);
    });

    it("goes on with what an up chose that did not end", () => {
        const [state, kept] = [of("28.5 1.7", engine("28.5.2")), of("29 partner", engine("29.8.1"))];
        const asks = (dockerVersion: string) => chosenPackages(settings({ dockerVersion }), state, kept);
        assert.equal(asks("29"), kept.packages);
        assert.equal(asks("28.5"), state.packages);
        assert.equal(asks("26.1"), undefined);
    });

    it("keeps the repository that its hosts mount", () => {
        const container = (mounts: object[]) => ({
            urn: "",
            type: "docker:index/container:Container",
            outputs: { mounts },
        });
        const other = { source: "/a", target: "/var/lib/docker" };
        const older = { source: "/cache/repository/1", target: "/srv/docker-repository" };
        const now = { source: "/cache/repository/2/linux", target: "/srv/docker-repository/linux" };
        assert.deepEqual(fixedIn([container([]), container([other, older])]).packages, older);
        assert.deepEqual(fixedIn([container([now])]).packages, now);
        assert.equal(fixedIn([container([other])]).packages, undefined);
    });

    it("has Docker 29 built only if it asks for a version that is built", () => {
        const asking = ["29", "29.8", "29.8.1", engine("29.8.1")];
        assert.ok(asking.every(asksForBuilt));
        const others = [undefined, "28.5", "29.8.0", "29.10.0", "2", engine("28.5.2")];
        assert.ok(!others.some(asksForBuilt));
    });
});

describe("Warnings of a choice", () => {
    const of = (docker: string, containerd: string, made = true) =>
        choiceWarnings({ asked: "", docker: engine(docker), containerd: runtime(containerd) }, made, NOW);

    it("name what gets no more fixes, in the words of status, whenever the stack is looked at", () => {
        const kept = of("26.1.5", "1.7.24", false);
        assert.deepEqual(
            kept.map(({ id, problem }) => `${id}: ${problem}`),
            [
                "ENGINE_END_OF_LIFE: The engine 26.1.5 gets no more fixes since 2025-02-17.",
                "ENGINE_END_OF_LIFE: containerd 1.7.24 gets no more fixes since 2026-09-01.",
            ],
        );
        assert.deepEqual(of("29.8.1", "2.3.5", false), []);
    });

    it("name known faults, and engines that Skep was never run with, when they are chosen", () => {
        assert.deepEqual(ids(of("29.8.1", "2.3.5")), ["ENGINE_FAULT"]);
        assert.match(of("29.8.1", "2.3.5")[0]!.problem, /own node's address.*moby\/moby#53713/);
        assert.deepEqual(ids(of("29.10.0", "2.3.5")), ["ENGINE_UNTESTED", "ENGINE_FAULT"]);
        assert.deepEqual(ids(of("27.5.1", "2.3.5")), ["ENGINE_END_OF_LIFE", "ENGINE_UNTESTED"]);
    });

    it("know which versions have which fault", () => {
        const faults = (version: string) => faultProblems(version).map(({ problem }) => problem);
        const snapshot = (version: string) => faults(version).some((text) => text.includes("4 MiB"));
        assert.deepEqual(["26.1.5", "28.5.2", "29.4.3", "29.5.0"].map(snapshot), [true, true, true, false]);
        const address = (version: string) => faults(version).some((text) => text.includes("own node"));
        assert.deepEqual(["29.7.2", "29.8.0", "29.8.1"].map(address), [false, true, true]);
        const names = (version: string) => faults(version).some((text) => text.includes("by their names"));
        assert.deepEqual(["28.5.2", "29.7.2", "29.8.0"].map(names), [false, true, false]);
    });

    it("name engines that do not work beside each other", () => {
        const pair = (...versions: string[]) => ids(pairProblems(versions.map(engine)));
        assert.deepEqual(pair("28.5.2", "29.2.0"), ["ENGINE_PAIR"]);
        assert.deepEqual(pair("29.0.0", "26.1.5"), ["ENGINE_PAIR"]);
        assert.deepEqual(pair("28.5.2", "29.2.1"), []);
        assert.deepEqual(pair("29.8.1", "29.2.0"), []);
        assert.deepEqual(pair("26.1.5", "28.5.2"), []);
    });
});

describe("A change of a host's engine", () => {
    const driver = { imageStore: "driver" } as const;
    const containerd = { imageStore: "containerd" } as const;
    const why = (from: string, to: string, store: Parameters<typeof mayChangeEngine>[2] = driver) =>
        mayChangeEngine(engine(from), to, store);

    it("goes up without a limit, and down as far as was measured", () => {
        const measured = ["20.10.24", "26.1.5", "28.5.2"];
        for (const from of measured) for (const to of measured) assert.equal(why(from, to), undefined);
        for (const version of ["26.1.5", "28.5.2"]) {
            assert.equal(why(version, "29.8.1"), undefined);
            assert.equal(why("29.8.1", version), undefined);
        }
        assert.equal(why("29.8.1+dfsg1", "29.8.0"), undefined);
        assert.equal(why("29.8.1", "30.0.0"), undefined);
        for (const [from, to] of [
            ["29.8.1", "20.10.24"],
            ["29.8.1", "25.0.0"],
            ["28.5.2", "19.03.1"],
            ["30.0.1", "29.8.1"],
        ] as const)
            assert.equal(why(from, to)?.id, "ENGINE_DOWNGRADE", `${from} ${to}`);
        assert.equal(why("30.0.1", "30.0.0"), undefined);
    });

    it("leaves containerd's store of images only for an engine that is told to look there", () => {
        const feature = { ...containerd, containerdFeature: true };
        assert.equal(why("29.8.1", "29.7.2", containerd), undefined);
        assert.match(why("29.8.1", "28.5.2", containerd)!.advice, /features\.containerd-snapshotter/);
        assert.equal(why("29.8.1", "28.5.2", feature), undefined);
        assert.match(why("28.5.2", "20.10.24", feature)!.problem, /does not know/);
        assert.equal(why("28.5.2", "29.8.1", containerd), undefined);
    });
});

describe("Tested engines", () => {
    it("stand newest first, with the partner of every engine between them", () => {
        const versions = TESTED_ENGINES.map(({ engine: version }) => version);
        assert.deepEqual([...versions].sort(newestFirst), versions);
        assert.deepEqual(["31.0.0", "29.0.0", "28.6.0", "27.1.0", "23.0.1", "19.03.1"].map(partnerOf), [
            ...["2.3", "1.7", "1.7", "1.7", "1.6", "1.6"],
        ]);
    });

    it("are in the documentation, with the version that the sources of offline/engine29 have", () => {
        const read = (path: string) => readFileSync(join(__dirname, "../..", path), "utf8");
        const page = read("docs/upgrades.md");
        for (const { engine: version, released, containerd } of TESTED_ENGINES)
            assert.match(page, new RegExp(`\\| ${version} \\| ${released} \\| ${containerd} \\|`));
        const script = read("offline/engine29/build.sh");
        assert.match(script, new RegExp(`^engine=${BUILT_ENGINE.engine}$`, "m"));
        assert.match(script, new RegExp(`^containerd=${BUILT_ENGINE.containerd}$`, "m"));
        assert.match(
            read("offline/engine29/cli/go.mod"),
            new RegExp(`docker/cli v${BUILT_ENGINE.engine}\\+`),
        );
        assert.match(
            read("offline/engine29/containerd/go.mod"),
            new RegExp(`containerd/v2 v${BUILT_ENGINE.containerd}\\b`),
        );
    });

    it("are ordered by number", () => {
        assert.ok(isOlder("5:9.1.0-1", "10.0.0"));
        assert.ok(isOlder("28.5.2", "28.10"));
        assert.ok(!isOlder("29", "29.0.0") && !isOlder("29.0.0", "29"));
    });
});
