// `skep unlock`: opens every locked manager that it can reach, and says what it did at each. Needs no run of Pulumi.

import { type Problem, SkepError } from "../../errors";
import { listed } from "../../planning/sentence";
import { type Opening, unlockAll } from "../../swarm/unlock";
import type { Options } from "../options";
import { printJson, printNext } from "../print";
import { knownKeys } from "../stack/outputs";
import { onStanding, type Standing } from "../stack/standing";
import { table } from "../text";

const SAID: Record<Opening["did"], string> = {
    "was-open": "is open",
    unlocked: "unlocked",
    waiting: "unlocked, and waits for a majority of the managers",
    locked: "stays locked: no known key opens it",
    broken: "cannot work with its part of the swarm's data",
    silent: "does not answer",
    "no-member": "is in no swarm",
};

/** Opens the locked managers of a stack. Throws what is wrong with the others afterwards. */
export function unlock(options: Options): Promise<void> {
    return onStanding(options, (standing) => unlockStanding(standing, options));
}

/** The same on a swarm whose hosts are known. */
export async function unlockStanding(standing: Standing, options: Options): Promise<void> {
    const { outputs, hosts, swarm, progress } = standing;
    // Roles may have changed since the last up, so every host is asked. Only managers lock.
    const all = await progress.step("Unlocking managers", () =>
        unlockAll(
            hosts.map(({ host }) => host),
            knownKeys(outputs),
            swarm,
        ),
    );
    const isManager = (name: string) => hosts.some((host) => host.name === name && host.role === "manager");
    const shown = all.filter(
        ({ host, did }) => isManager(host) || ["unlocked", "locked", "broken"].includes(did),
    );
    if (options.json) printJson({ hosts: shown.map(({ host, did }) => ({ host, did })) });
    else console.log(table(shown.map(({ host, did }) => [host, SAID[did]])).join("\n"));
    const problems = problemsOf(shown);
    if (problems.length > 0) throw new SkepError(problems);
    printNext(options, "status");
}

/** What is still wrong. Managers that stay locked come first, and decide the exit code. */
function problemsOf(openings: readonly Opening[]): Problem[] {
    const waiting = openings.filter(({ did }) => did === "waiting").map(({ host }) => host);
    const of = (wanted: Opening["did"]) =>
        openings.flatMap(({ did, problem }) => (did === wanted && problem ? [problem] : []));
    return [
        ...of("locked"),
        ...of("broken"),
        ...(waiting.length > 0 ? [noMajority(waiting)] : []),
        ...of("silent"),
    ];
}

function noMajority(waiting: readonly string[]): Problem {
    return {
        id: "QUORUM_LOST",
        problem: `No majority of the managers works together: ${listed(waiting)} ${waiting.length === 1 ? "waits" : "wait"} for others.`,
        advice: "Start the hosts of the other managers, then run the same command again.",
    };
}
