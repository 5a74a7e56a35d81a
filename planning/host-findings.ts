// What hosts that work today will run into tomorrow: versions without fixes, full disks, certificates that end, clocks that
// drift apart, logs without a limit. No I/O.
import type { Problem } from "../errors";
import type { Span } from "./certificates";
import { containerdEnd, endOfLife, engineEnd } from "./engine-life";
import { listed } from "./sentence";
import type { HostSight } from "./snapshot";
import { upstream } from "./versions";

/** A disk with less left than this share is low, or full. Docker's own images and logs come in gigabytes. */
const LOW = { share: 0.15, kib: 5 * 1024 * 1024 };
/** A manager that cannot write its log is lost to the swarm, so its disk is low much sooner. */
const LOW_FOR_MANAGER = { share: 0.2, kib: Number.POSITIVE_INFINITY };
const FULL = { share: 0.05, kib: 1024 * 1024 };
/** The log is cut at every 10,000 changes, and holds at most a few files of 64 MiB besides snapshots. */
const RAFT_KIB = 1024 * 1024;
/** Certificates of TLS tell time in seconds; logs and rollouts compare times of hosts. */
const SKEW_MS = 2000;
const DAY_MS = 86_400_000;
/** Skep's own certificates are renewed by a person, who needs a month for it. */
const WARN_DAYS = 30;
/**
 * The swarm renews a node's certificate after half to four fifths of its life (swarmkit, ca/renewer.go). One that is older
 * was not renewed.
 */
const RENEWED_BY = 0.8;

/** Engines and versions of containerd that get no more fixes at this moment: one finding for each version. */
export function lifeProblems(hosts: readonly HostSight[], now: number): Problem[] {
    const engines = versionsOf(hosts, ({ engine }) => engine?.version);
    const containerds = versionsOf(hosts, ({ engine }) => engine?.containerd);
    return [
        ...engines.flatMap(({ version, on }) =>
            endOfLife("The engine", version, engineEnd(version), now, on),
        ),
        ...containerds.flatMap(({ version, on }) =>
            endOfLife("containerd", version, containerdEnd(version), now, on),
        ),
    ];
}

/** One finding if the hosts do not all run the same version of the engine or of containerd. */
export function versionProblems(hosts: readonly HostSight[]): Problem[] {
    const kinds = {
        engine: versionsOf(hosts, ({ engine }) => engine?.version),
        containerd: versionsOf(hosts, ({ engine }) => engine?.containerd),
    };
    return Object.entries(kinds).flatMap(([kind, versions]): Problem[] =>
        versions.length < 2
            ? []
            : [
                  {
                      id: "ENGINES_DIFFER",
                      problem: `The hosts run different versions of ${kind === "engine" ? "the engine" : kind}: ${versions.map(({ version, on }) => `${version} on ${on}`).join("; ")}.`,
                      advice: "Run up: it installs the stack's version where another one runs.",
                  },
              ],
    );
}

interface Version {
    version: string;
    /** The hosts that run it: their names, or how many there are. */
    on: string;
}

function versionsOf(hosts: readonly HostSight[], pick: (host: HostSight) => string | undefined): Version[] {
    const found = new Map<string, string[]>();
    for (const host of hosts) {
        const version = pick(host);
        if (version) found.set(upstream(version), [...(found.get(upstream(version)) ?? []), host.name]);
    }
    return [...found].map(([version, names]) => ({
        version,
        on: names.length === hosts.length && names.length > 1 ? `all ${names.length} hosts` : listed(names),
    }));
}

/** A manager that waits for the unlock key. */
export function lockedProblem(name: string): Problem {
    return {
        id: "MANAGER_LOCKED",
        problem: `${name} is locked: its engine waits for the unlock key.`,
        advice: "Open it: skep unlock.",
    };
}

/** Hosts whose engine has little room left. */
export function diskProblems(hosts: readonly HostSight[]): Problem[] {
    return hosts.flatMap(({ name, role, shell }): Problem[] => {
        if (!shell?.disk || shell.disk.totalKib === 0) return [];
        const { totalKib, freeKib } = shell.disk;
        const isBelow = ({ share, kib }: typeof LOW) => freeKib < Math.min(totalKib * share, kib);
        if (!isBelow(role === "manager" ? LOW_FOR_MANAGER : LOW)) return [];
        const left = `${gib(freeKib)} of ${gib(totalKib)} GiB are left on the disk of ${name}'s engine`;
        return isBelow(FULL)
            ? [
                  {
                      id: "DISK_FULL",
                      problem: `Only ${left}.`,
                      advice:
                          shell.reserve && shell.reserve.foundKib > 0
                              ? "Remove the reserve there, skep-reserve in the engine's data root, then what nobody needs: docker system df says what takes the room."
                              : "Remove what nobody needs now: docker system df on that host says what takes the room.",
                  },
              ]
            : [
                  {
                      id: "DISK_LOW",
                      problem: `${left}.`,
                      advice: "Remove what nobody needs (docker system df), let hosts do it (skep:upkeep.pruneImages), or give the host a larger disk.",
                  },
              ];
    });
}

/** Managers without the reserve on their disk that they should have. */
export function reserveProblems(hosts: readonly HostSight[]): Problem[] {
    return hosts.flatMap(({ name, shell }): Problem[] =>
        !shell?.reserve || shell.reserve.foundKib > 0
            ? []
            : [
                  {
                      id: "RESERVE_GONE",
                      problem: `The reserve of ${shell.reserve.wantedKib / 1024} MiB on the disk of ${name} is not there.`,
                      advice: "Run up: it makes the reserve where four times as much is free.",
                  },
              ],
    );
}

/** Hosts that have to reboot: until then they run what an upgrade has replaced. */
export function rebootProblems(hosts: readonly HostSight[]): Problem[] {
    return hosts.flatMap(({ name, shell }): Problem[] =>
        shell?.reboot === undefined
            ? []
            : [
                  {
                      id: "REBOOT_NEEDED",
                      problem: `${name} has to reboot: ${shell.reboot}.`,
                      advice: "Reboot such hosts one after another: skep reboot --needed.",
                  },
              ],
    );
}

/** Managers with a log that is too large. */
export function raftProblems(hosts: readonly HostSight[]): Problem[] {
    return hosts.flatMap(({ name, shell }): Problem[] =>
        (shell?.raftKib ?? 0) <= RAFT_KIB
            ? []
            : [
                  {
                      id: "RAFT_LARGE",
                      problem: `The managers' log on ${name} takes ${gib(shell!.raftKib!)} GiB.`,
                      advice: "See what is changed so often: docker events on a manager.",
                  },
              ],
    );
}

function gib(kib: number): string {
    return (kib / 1024 / 1024).toFixed(1);
}

/** The nodes' own certificates that the swarm should have renewed by now, or that are over. */
export function nodeCertificateProblems(hosts: readonly HostSight[], now: number): Problem[] {
    return hosts.flatMap(({ name, shell }): Problem[] => {
        const span = shell?.certificate;
        if (!span) return [];
        const [from, to] = [Date.parse(span.from), Date.parse(span.to)];
        const what = `The swarm's certificate of ${name}`;
        if (now >= to) return [over(what, span)];
        if (now < from + (to - from) * RENEWED_BY) return [];
        return [
            {
                id: "CERTIFICATE_ENDS",
                problem: `${what} ends on ${day(span)}, and the swarm has not renewed it.`,
                advice: `See why ${name} does not reach a manager: journalctl -u docker on that host.`,
            },
        ];
    });
}

/** What is wrong with a certificate of Skep's own, such as the registry's. `what` names it at the start of a sentence. */
export function certificateProblems(what: string, span: Span, now: number): Problem[] {
    if (now >= Date.parse(span.to)) return [over(what, span)];
    if (Date.parse(span.to) - now > WARN_DAYS * DAY_MS) return [];
    return [
        {
            id: "CERTIFICATE_ENDS",
            problem: `${what} ends on ${day(span)}.`,
            advice: "Run up: it makes a new one.",
        },
    ];
}

function over(what: string, span: Span): Problem {
    return {
        id: "CERTIFICATE_OVER",
        problem: `${what} is over since ${day(span)}.`,
        advice: "Run up; a node whose own certificate is over has to join again.",
    };
}

function day({ to }: Span): string {
    return to.slice(0, 10);
}

/**
 * One finding for the two hosts whose clocks differ most, if they differ by more than a slow answer explains. Hosts are
 * compared with each other: this machine's clock may be the wrong one.
 */
export function clockProblems(hosts: readonly HostSight[]): Problem[] {
    const clocks = hosts.flatMap(({ name, shell }) =>
        shell ? [{ name, at: shell.clockOffsetMs, error: shell.clockErrorMs }] : [],
    );
    const first = clocks.reduce((one, other) => (other.at < one.at ? other : one), clocks[0]!);
    const last = clocks.reduce((one, other) => (other.at > one.at ? other : one), clocks[0]!);
    if (clocks.length < 2 || last.at - first.at - last.error - first.error <= SKEW_MS) return [];
    return [
        {
            id: "CLOCK_SKEW",
            problem: `The clock of ${last.name} is ${((last.at - first.at) / 1000).toFixed(1)} s ahead of that of ${first.name}.`,
            advice: "Let all hosts keep time with the same servers: timedatectl on these hosts says what they do.",
        },
    ];
}
