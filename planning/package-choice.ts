// Which of a repository's packages a stack takes for what its settings ask. No I/O.

import type { Problem } from "../errors";
import { faultProblems, leastContainerd } from "./engine-pairs";
import { containerdEnd, endOfLife, engineEnd } from "./engine-life";
import { SYSTEMS, type System } from "./systems";
import { BUILT_ENGINE, partnerOf, testedEngine } from "./tested-engines";
import { isOf, isOlder, newestFirst, upstream } from "./versions";

/** The versions of each package, the newest first. */
export interface Available {
    "docker-ce": readonly string[];
    "docker-ce-cli": readonly string[];
    "containerd.io": readonly string[];
}

/** The settings dockerVersion and containerdVersion. */
export interface Asked {
    /** A series or a version of the engine. Default: the newest that Skep was run with. */
    docker?: string;
    /** A series or a version of containerd. Default: what goes with the engine. */
    containerd?: string;
}

export interface Offer {
    available: Available;
    /** The system of the hosts. */
    system: System;
    /** Whether the repository was made here of Debian's packages. */
    built: boolean;
}

/** Exact packages, and what they were chosen for. */
export interface Choice {
    asked: string;
    docker: string;
    containerd: string;
}

/** The series whose newest tested version a stack takes that asks for none. */
const DEFAULT_SERIES = "29";
/** What is recorded in place of a setting that is not given. */
const UNSET = { docker: "newest", containerd: "partner" };
/** What earlier versions of Skep took for settings that were not given. */
const EARLIER_DEFAULTS = { docker: "26.1", containerd: "1.7" };

/** What is recorded with a choice. */
export function askedText({ docker, containerd }: Asked): string {
    return `${docker ?? UNSET.docker} ${containerd ?? UNSET.containerd}`;
}

/**
 * Whether packages that were chosen for `recorded` are still what the settings ask for. A setting that is not given keeps
 * what an earlier Skep took by default, so that no standing stack changes by itself.
 */
export function isStillAsked(recorded: string, asked: Asked): boolean {
    const [docker = "", containerd = ""] = recorded.split(" ");
    const keeps = (kind: "docker" | "containerd", was: string) =>
        was === (asked[kind] ?? UNSET[kind]) || (asked[kind] === undefined && was === EARLIER_DEFAULTS[kind]);
    return keeps("docker", docker) && keeps("containerd", containerd);
}

/** Whether the packages built from Go modules can be what is asked for. */
export function asksForBuilt(version: string | undefined): boolean {
    return version !== undefined && isOf(BUILT_ENGINE.engine, upstream(version));
}

/**
 * Chooses the packages for what is asked. Of a series it takes the newest version that Skep was run with, else the newest.
 * An engine counts only when the repository has its command line too. `problems` says what there is instead.
 */
export function choosePackages(offer: Offer, asked: Asked): { choice?: Choice; problems: Problem[] } {
    const { available } = offer;
    const engines = available["docker-ce"].filter((version) => available["docker-ce-cli"].includes(version));
    const engine =
        asked.docker === undefined
            ? defaultEngine(engines, offer.built)
            : bestOf(engines.filter((version) => isOf(version, asked.docker!)));
    const runtimes = available["containerd.io"];
    const problems: Problem[] = [];
    if (engine === undefined) problems.push(unknownEngine(asked.docker, engines, offer.system));
    const wanted = asked.containerd;
    if (wanted !== undefined && !runtimes.some((version) => isOf(version, wanted)))
        problems.push(unknown("containerdVersion", `containerd.io ${wanted}`, runtimes));
    if (engine === undefined || problems.length > 0) return { problems };
    const runtime = runtimeFor(engine, runtimes, offer.built, wanted);
    if (runtime === undefined) return { problems: [clash(engine, wanted, runtimes, offer.built)] };
    return { choice: { asked: askedText(asked), docker: engine, containerd: runtime }, problems: [] };
}

/** A choice's warnings: for a choice that is `made` anew, also what is known of these versions, or that nothing is. */
export function choiceWarnings({ docker, containerd }: Choice, made: boolean, now: number): Problem[] {
    const ended = [
        ...endOfLife("The engine", upstream(docker), engineEnd(docker), now),
        ...endOfLife("containerd", upstream(containerd), containerdEnd(containerd), now),
    ];
    if (!made) return ended;
    const untested: Problem[] = testedEngine(docker)
        ? []
        : [
              {
                  id: "ENGINE_UNTESTED",
                  problem: `Skep was never run with the engine ${upstream(docker)}.`,
                  advice: "Try it on a stack that nobody needs first. docs/upgrades.md lists the tested versions.",
              },
          ];
    // An engine without fixes has more faults than a table could name.
    const hasEnded = endOfLife("", docker, engineEnd(docker), now).length > 0;
    return [...ended, ...untested, ...(hasEnded ? [] : faultProblems(docker))];
}

function defaultEngine(engines: readonly string[], built: boolean): string | undefined {
    // One stack on this machine may have asked for the engine that takes minutes to build. Others keep to Debian's.
    if (built) return engines.find((version) => !isOf(version, BUILT_ENGINE.engine)) ?? engines[0];
    const ofDefault = engines.filter((version) => isOf(version, DEFAULT_SERIES));
    return ofDefault.length > 0 ? bestOf(ofDefault) : bestOf(engines);
}

/** The newest that Skep was run with, else the newest. */
function bestOf(engines: readonly string[]): string | undefined {
    return engines.find((version) => testedEngine(version) !== undefined) ?? engines[0];
}

/** The newest containerd for an engine: of the series that is asked, else of the engine's partner, else of any. */
function runtimeFor(
    engine: string,
    runtimes: readonly string[],
    built: boolean,
    wanted?: string,
): string | undefined {
    const least = leastContainerd(engine, built);
    const fitting = runtimes.filter((version) => least === undefined || !isOlder(version, least));
    if (wanted !== undefined) return fitting.find((version) => isOf(version, wanted));
    return fitting.find((version) => isOf(version, partnerOf(engine))) ?? fitting[0];
}

function unknownEngine(asked: string | undefined, engines: readonly string[], system: System): Problem {
    if (asked === undefined) return unknown("dockerVersion", "docker-ce with its command line", engines);
    const { firstEngine } = SYSTEMS[system] as { firstEngine?: string };
    const isBefore = firstEngine !== undefined && isOlder(asked, firstEngine);
    const why = isBefore ? ` Docker made no packages for ${system} before ${firstEngine}.` : "";
    return unknown("dockerVersion", `docker-ce ${asked}`, engines, why);
}

function unknown(key: string, what: string, versions: readonly string[], why = ""): Problem {
    return {
        id: "VERSION_UNKNOWN",
        problem: `The repository has no ${what}.${why}`,
        advice:
            versions.length === 0
                ? "Look at skep:repository: the repository has no such package at all."
                : `Set skep:${key} to one of these or their series: ${newestOfEach(versions)}.`,
    };
}

function clash(
    engine: string,
    wanted: string | undefined,
    runtimes: readonly string[],
    built: boolean,
): Problem {
    const least = leastContainerd(engine, built);
    const asked =
        wanted === undefined ? "the repository's containerd.io are all older" : `${wanted} is asked`;
    return {
        id: "VERSIONS_CLASH",
        problem: `docker-ce ${upstream(engine)} needs containerd.io ${least} or newer, and ${asked}.`,
        advice:
            wanted === undefined
                ? `Set skep:dockerVersion to an older one; containerd.io there is: ${newestOfEach(runtimes)}.`
                : `Leave skep:containerdVersion out: Skep then takes what goes with the engine.`,
    };
}

/** The newest version of each series, for a sentence. */
function newestOfEach(versions: readonly string[]): string {
    const series = new Map<string, string>();
    for (const version of versions.map(upstream).sort(newestFirst)) {
        const name = version.split(".").slice(0, 2).join(".");
        if (!series.has(name)) series.set(name, version);
    }
    return [...series.values()].join(", ");
}
