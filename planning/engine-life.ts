// Until when versions of Docker's engine and of containerd get fixes. No I/O.
// Sources: endoflife.date/docker-engine, project/BRANCHES-AND-TAGS.md in moby/moby, endoflife.date/containerd; seen in
// November 2026. A series that is missing here and newer than the last one counts as alive: the table is as old as Skep.
import type { Problem } from "../errors";
import { isOlder, upstream } from "./versions";

/** The day after which a series gets no more fixes; null while it has no end. Oldest first. */
type Lives = readonly (readonly [series: string, end: string | null])[];

const ENGINES: Lives = [
    ["20.10", "2023-12-10"],
    ["24.0", "2025-02-17"], // at the latest
    ["25.0", "2026-12-04"], // kept alive by Mirantis and Amazon beyond Docker's own end
    ["26.1", "2025-02-17"],
    ["27", "2025-05-03"],
    ["28", "2026-05-13"],
    ["29", null],
];

const CONTAINERD: Lives = [
    ["1.7", "2026-09-01"],
    ["2.0", "2027-03-31"],
    ["2.2", "2026-11-06"],
    ["2.3", "2028-04-30"],
];

/** The date, as in `2026-05-13`, after which this engine gets no more fixes; undefined if none is known. */
export function engineEnd(version: string): string | undefined {
    return endOf(version, ENGINES);
}

/** The date after which this containerd gets no more fixes; undefined if none is known. */
export function containerdEnd(version: string): string | undefined {
    return endOf(version, CONTAINERD);
}

/** A series between two of the table ended no later than the older of them. Docker keeps one series at a time alive. */
function endOf(version: string, lives: Lives): string | undefined {
    const found = upstream(version);
    if (!/^\d/.test(found)) return undefined;
    const exact = lives.find(([series]) => found === series || found.startsWith(`${series}.`));
    if (exact) return exact[1] ?? undefined;
    const newer = lives.find(([series]) => isOlder(found, series));
    return newer?.[1] ?? undefined;
}

/** A warning if a version got its last fixes before this moment. `on` names the hosts that run it, if that is known. */
export function endOfLife(
    what: string,
    version: string,
    end: string | undefined,
    now: number,
    on?: string,
): Problem[] {
    if (end === undefined || Date.parse(end) > now) return [];
    const where = on === undefined ? "" : ` (${on})`;
    return [
        {
            id: "ENGINE_END_OF_LIFE",
            problem: `${what} ${version} gets no more fixes since ${end}${where}.`,
            advice: "Plan the change to a newer version.",
        },
    ];
}
