// What a stack's settings mean for where its hosts stand: its zones' names, which hosts move, and what is refused. Pure.

import type { Problem } from "../errors";
import { type MemberSettings, roleOf } from "./members";
import { type Placement, type Places, planPlacement } from "./placement";

const LAB_ZONES = ["lab-a", "lab-b", "lab-c", "lab-d", "lab-e", "lab-f"];
/** Zones that have addresses of their own at one time, those that hosts are leaving counted in. */
const MOST_ZONES = 8;

export interface ZoneSettings extends Pick<MemberSettings, "nodes"> {
    managers: number;
    workers: number;
    zones: readonly string[];
    /** Where the last up left the hosts. */
    placement?: Places;
}

/**
 * The zones that the stack has already, then others. A region's zones have names that only AWS knows: until it is asked,
 * their places stand for them (`isUnnamed`).
 */
export function zoneNames(hosts: "lab" | "aws", count: number, before: Places = {}): string[] {
    const places = Object.values(before).sort((a, b) => a.zoneIndex - b.zoneIndex);
    const kept = [...new Set(places.map(({ zone }) => zone))];
    const others =
        hosts === "lab"
            ? LAB_ZONES.filter((zone) => !kept.includes(zone))
            : Array.from({ length: count }, (_, i) => `zone-${kept.length + i + 1}`);
    return [...kept, ...others].slice(0, count);
}

/** Whether a zone has no name yet, but a place. */
export function isUnnamed(zone: string): boolean {
    return /^zone-\d+$/.test(zone);
}

/** Where each host is to stand, and which of them move for that. */
export function placementOf({ nodes, placement, ...sizes }: ZoneSettings): Placement {
    const isPromoted = (name: string) => nodes[name]?.role === "manager";
    const votes = (name: string) => name.startsWith("manager-") || isPromoted(name);
    return planPlacement({ ...sizes, before: placement, votes });
}

/** Moves that no run may make. */
export function movesRefused(settings: ZoneSettings): Problem[] {
    const { hosts, moved } = placementOf(settings);
    const managers = hosts.filter((host) => roleOf(host, settings) === "manager");
    const before = Object.keys(settings.placement ?? {}).filter((name) => name.startsWith("manager-"));
    const problems: Problem[] = [];
    const only = managers.find(({ name }) => moved.includes(name));
    if (only && (managers.length === 1 || before.length === 1))
        problems.push({
            id: "ONLY_MANAGER_MOVES",
            problem: `${only.name} is the only manager, and to move it to the zone ${only.zone} would end the swarm.`,
            advice: `Keep ${settings.placement?.[only.name]?.zone} among skep:zones until 3 managers are up.`,
        });
    if (hosts.some(({ zoneIndex }) => zoneIndex >= MOST_ZONES))
        problems.push({
            id: "ZONES_MANY",
            problem: `Together with the zones that hosts are leaving, skep:zones has more than ${MOST_ZONES}.`,
            advice: "Change a few of its names at a time, with an up after each.",
        });
    return problems;
}

/** What has to be known of moves that a later run makes. */
export function movesWaiting(settings: ZoneSettings): string[] {
    const { waiting } = placementOf(settings);
    if (waiting.length === 0) return [];
    const who = new Intl.ListFormat("en").format(waiting);
    return [
        `Managers move to other zones one a run. Still to move after this one: ${who}. Run up again for each.`,
    ];
}
