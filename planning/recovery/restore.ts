// Which way a backup goes back onto its managers, and why it cannot. No I/O.

import { coerce, lt } from "semver";
import { SkepError, type Problem } from "../../errors";
import { majority } from "../membership";
import { listed } from "../sentence";
import type { BackupManifest, SavedManager, SavedObjects } from "./manifest";

/** Nodes renew their certificates after half of their time at the latest, which is 90 days unless set otherwise. */
const CERTIFICATES_LAST_MS = 30 * 24 * 3600 * 1000;

/** A manager's host as it is now. */
export interface RestoreHost {
    name: string;
    address: string;
    /** Whether its engine answers. */
    answers: boolean;
    /** The version of its engine, if it answers. */
    engine: string | undefined;
}

/** How a backup goes back. */
export interface RestorePlan {
    /** `alone`: one manager is made the only one of the swarm. `majority`: enough managers come back as they were. */
    way: "alone" | "majority";
    why: string;
    /** The managers that get their data back. */
    managers: string[];
    /** The managers that join anew. */
    rejoin: string[];
    /** The managers whose hosts do not answer: up makes them anew first. */
    absent: string[];
    /** When the copy was made that the swarm goes on with, in ISO 8601 and UTC. */
    at: string;
}

/**
 * Chooses the way. `from` names the one manager to restore. `nowMs` is the time in milliseconds since 1970. Throws all
 * reasons against it at once: RESTORE_OTHER_SWARM, RESTORE_ADDRESS, RESTORE_OLDER_ENGINE, RESTORE_HOSTS.
 */
export function planRestore(
    manifest: BackupManifest,
    hosts: readonly RestoreHost[],
    clusterId: string,
    nowMs: number,
    from?: string,
): RestorePlan {
    if (manifest.clusterId !== clusterId) throw new SkepError([otherSwarm(manifest, clusterId)]);
    const wanted =
        from === undefined ? manifest.managers : manifest.managers.filter(({ name }) => name === from);
    if (wanted.length === 0) throw new SkepError([notSaved(manifest, from)]);
    const judged = wanted.map((saved) => ({ saved, problem: problemOf(saved, hosts) }));
    const fit = judged.filter(({ problem }) => problem === undefined).map(({ saved }) => saved);
    if (fit.length === 0) throw new SkepError(judged.flatMap(({ problem }) => problem ?? []));
    const voters = manifest.members.filter(({ role }) => role === "manager").length;
    const isOld = nowMs - Date.parse(manifest.made) > CERTIFICATES_LAST_MS;
    const newest = fit.reduce((best, each) => (each.at > best.at ? each : best));
    const isMajority = from === undefined && fit.length >= majority(voters) && fit.length > 1 && !isOld;
    const back = isMajority ? fit : [newest];
    const names = back.map(({ name }) => name);
    return {
        way: isMajority ? "majority" : "alone",
        why: reason({ isMajority, isOld, from, fit: fit.length, voters }),
        managers: names,
        rejoin: hosts.map(({ name }) => name).filter((name) => !names.includes(name)),
        absent: hosts.filter(({ answers }) => !answers).map(({ name }) => name),
        at: newest.at,
    };
}

function reason(of: {
    isMajority: boolean;
    isOld: boolean;
    from?: string;
    fit: number;
    voters: number;
}): string {
    if (of.isMajority)
        return `the backup has ${of.fit} of ${of.voters} managers, a majority, so they come back as they were`;
    if (of.from !== undefined) return `you chose ${of.from}, which becomes the only manager at first`;
    if (of.isOld) return "the backup is older than 30 days, and certificates of its managers may have ended";
    if (of.voters === 1) return "the swarm had one manager";
    return `the backup can give back ${of.fit} of ${of.voters} managers, no majority, so one is made the only manager at first`;
}

function problemOf(saved: SavedManager, hosts: readonly RestoreHost[]): Problem | undefined {
    const host = hosts.find(({ name }) => name === saved.name);
    if (host?.address !== saved.address)
        return {
            id: "RESTORE_ADDRESS",
            problem: `${saved.name} had the address ${saved.address}, and ${host ? `has ${host.address} now` : "is no manager of the stack now"}: workers would look for it in vain.`,
            advice: `Give a host of that name the address ${saved.address} as its first one, and run up.`,
        };
    if (isOlder(host.engine, saved.engine))
        return {
            id: "RESTORE_OLDER_ENGINE",
            problem: `${saved.name} has Docker ${host.engine}, and its data was written by ${saved.engine}.`,
            advice: `Set skep:dockerVersion to ${saved.engine} or later, and run up.`,
        };
    return undefined;
}

function isOlder(engine: string | undefined, saved: string): boolean {
    const [now, then] = [coerce(engine), coerce(saved)];
    return now !== null && then !== null && lt(now, then);
}

function otherSwarm({ clusterId, stack, made }: BackupManifest, wanted: string): Problem {
    return {
        id: "RESTORE_OTHER_SWARM",
        problem: `The backup of ${made} is of the swarm ${clusterId} (stack ${stack}), and this stack's swarm is ${wanted}.`,
        advice: "Take a backup of this swarm: skep backup list.",
    };
}

function notSaved({ managers }: BackupManifest, from: string | undefined): Problem {
    return {
        id: "RESTORE_HOSTS",
        problem: `The backup has no data of ${from}.`,
        advice: `It has that of ${listed(managers.map(({ name }) => name))}.`,
    };
}

/** What the backup names and the swarm lacks: `service web`, `secret key`. Objects are the same if their ids are. */
export function lacking(saved: SavedObjects, found: SavedObjects): string[] {
    const kinds = [
        ["service", "services"],
        ["secret", "secrets"],
        ["config", "configs"],
        ["network", "networks"],
    ] as const;
    return kinds.flatMap(([word, kind]) => {
        const ids = new Set(found[kind].map(({ id }) => id));
        return saved[kind].filter(({ id }) => !ids.has(id)).map(({ name }) => `${word} ${name}`);
    });
}
