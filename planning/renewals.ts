// Which hosts a run makes anew on purpose. Each host in `skep:renew` is made anew once; Skep remembers that until the
// setting no longer names it. No I/O.

import type { Problem } from "../errors";
import { type MemberSettings, roleOf } from "./members";
import type { PlacedHost } from "./placement";
import { listed } from "./sentence";

export interface RenewSettings extends MemberSettings {
    /** The hosts to make anew. */
    renew: readonly string[];
    /** Those of them that an earlier run has made anew. */
    renewed?: readonly string[];
}

export interface Renewals {
    /** Hosts that this run may make anew. */
    now: string[];
    /** Managers that later runs make anew: managers go one a run. */
    waiting: string[];
    /** What Skep remembers once this run has brought all hosts into the swarm. */
    done: string[];
}

/** Splits the hosts to renew. While a manager moves to another zone, which replaces it, no other manager is renewed. */
export function renewalsOf(
    settings: RenewSettings,
    hosts: readonly PlacedHost[],
    moved: readonly string[],
): Renewals {
    const { renew } = settings;
    const isManager = (name: string) =>
        hosts.some((host) => host.name === name && roleOf(host, settings) === "manager");
    const due = dueRenewals(settings);
    const managers = due.filter(isManager);
    const turns = moved.some(isManager) ? 0 : 1;
    const waiting = managers.slice(turns);
    const now = due.filter((name) => !waiting.includes(name));
    return { now, waiting, done: renew.filter((name) => !waiting.includes(name)) };
}

/** The hosts in `renew` that no run has made anew yet. */
export function dueRenewals({ renew, renewed = [] }: Pick<RenewSettings, "renew" | "renewed">): string[] {
    return [...new Set(renew)].filter((name) => !renewed.includes(name));
}

/** A problem if the settings renew hosts that the stack does not have. */
export function unknownRenewals({ renew }: RenewSettings, hosts: readonly { name: string }[]): Problem[] {
    const unknown = renew.filter((name) => !hosts.some((host) => host.name === name));
    if (unknown.length === 0) return [];
    return [
        {
            id: "RENEW_UNKNOWN",
            problem: `skep:renew names ${listed(unknown)}, which the stack does not have.`,
            advice: "Correct the name, or take it out.",
        },
    ];
}

/** A note that names the managers that later runs renew; empty when there are none. */
export function renewalsWaiting({ waiting }: Renewals): string[] {
    if (waiting.length === 0) return [];
    return [
        `Managers are renewed one a run. Still to renew after this one: ${listed(waiting)}. Run up again for each.`,
    ];
}
