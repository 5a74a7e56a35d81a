// Which manager a swarm that lost its majority goes on with, and why it may not. No I/O.

import { SkepError, type Problem } from "../../errors";
import { majority } from "../membership";
import { listed } from "../sentence";

/** What is known of a manager's host. */
export interface Seen {
    name: string;
    /** Whether its shell answers. */
    answers: boolean;
    /** The engine's own word for its place in the swarm; undefined if the engine does not answer. */
    state: string | undefined;
    /** Whether it has a copy of the swarm's data. */
    hasData: boolean;
    /** When the copy was last written, in seconds since 1970. */
    newest: number | undefined;
}

/** How a swarm goes on. */
export interface RecoverPlan {
    /** The manager that goes on. */
    from: string;
    /** Why this one. */
    why: string;
    /** Managers that answer and join anew: what their copies have beside that of `from` is lost. */
    rejoin: string[];
    /** Managers that do not answer. Their old membership must not come back. */
    silent: string[];
}

/**
 * Chooses the manager with the newest copy of the swarm's data, or takes the one that the user names. Throws
 * RECOVERY_NOT_NEEDED while nothing need be lost, and RECOVERY_NO_DATA if no copy is left.
 */
export function planRecover(seen: readonly Seen[], works: boolean, wanted?: string): RecoverPlan {
    const refusal = works
        ? WORKS
        : (noCopy(seen, wanted) ?? (wanted === undefined ? mends(seen) : undefined));
    if (refusal) throw new SkepError([refusal]);
    const copies = seen.filter(({ hasData }) => hasData);
    const newest = copies.reduce((best, each) => ((each.newest ?? 0) > (best.newest ?? 0) ? each : best));
    const from = wanted ?? newest.name;
    const others = seen.filter(({ name }) => name !== from);
    return {
        from,
        why: reason(from, newest.name, copies.length, wanted),
        rejoin: others.filter(({ answers }) => answers).map(({ name }) => name),
        silent: others.filter(({ answers }) => !answers).map(({ name }) => name),
    };
}

const WORKS: Problem = {
    id: "RECOVERY_NOT_NEEDED",
    problem: "A majority of the managers works together, so there is nothing to recover.",
    advice: "Managers that are missing come back with: npm run up.",
};

function reason(from: string, newest: string, copies: number, wanted?: string): string {
    if (copies === 1) return `only ${from} still has a copy of the swarm's data`;
    if (wanted === undefined || from === newest)
        return `its copy of the swarm's data is the newest of ${copies}`;
    return `you chose it, although the copy of ${newest} is newer`;
}

function noCopy(seen: readonly Seen[], wanted?: string): Problem | undefined {
    const asked = wanted === undefined ? seen : seen.filter(({ name }) => name === wanted);
    if (asked.some(({ hasData }) => hasData)) return undefined;
    const silent = asked.filter(({ answers }) => !answers).map(({ name }) => name);
    const who = wanted ?? "no manager";
    return {
        id: "RECOVERY_NO_DATA",
        problem: `The swarm cannot go on: ${who} has ${wanted === undefined ? "a" : "no"} copy of its data${silent.length > 0 ? `, as far as hosts answer (${listed(silent)} ${silent.length === 1 ? "does" : "do"} not)` : ""}.`,
        advice: "Start the hosts that do not answer; if they are lost, restore a backup: skep restore ARCHIVE.",
    };
}

/** A majority that still has its data only has to be opened or started: then nothing is lost. */
function mends(seen: readonly Seen[]): Problem | undefined {
    const sound = seen.filter(({ hasData, state }) => hasData && state !== "error");
    if (sound.length < majority(seen.length)) return undefined;
    const names = listed(sound.map(({ name }) => name));
    const locked = sound.filter(({ state }) => state === "locked");
    return {
        id: "RECOVERY_NOT_NEEDED",
        problem: `${names} still have the swarm's data, which is a majority: nothing need be lost.`,
        advice:
            locked.length > 0
                ? "Open the locked ones: skep unlock. If that is in vain, name the manager to go on with: --from."
                : "Start their engines: npm run up. If that is in vain, name the manager to go on with: --from.",
    };
}
