// What changed zone settings mean for the hosts: the names of the zones, which hosts move, which moves are refused. No I/O.

import type { Problem } from "../errors";
import { type MemberSettings, roleOf } from "./members";
import { type Placement, type Places, planPlacement } from "./placement";
import { listed } from "./sentence";

const LAB_ZONES = ["lab-a", "lab-b", "lab-c", "lab-d", "lab-e", "lab-f"];
/** Most zones that can have addresses at one time, including zones that hosts are about to leave. */
const MOST_ZONES = 8;

export interface ZoneSettings extends Pick<MemberSettings, "nodes"> {
    managers: number;
    workers: number;
    zones: readonly string[];
    /** Where the hosts stand since the last up. */
    placement?: Places;
}

/**
 * The names of `count` zones: first the zones that the stack has already, then others. Only AWS knows the names of a
 * region's zones, so until AWS answers, `zone-1` and so on stand for them (`isUnnamed`).
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

/** Whether the name only stands for a zone that AWS has not named yet. */
export function isUnnamed(zone: string): boolean {
    return /^zone-\d+$/.test(zone);
}

/** Where each host will stand, and which hosts move. */
export function placementOf({ nodes, placement, ...sizes }: ZoneSettings): Placement {
    const isPromoted = (name: string) => nodes[name]?.role === "manager";
    const votes = (name: string) => name.startsWith("manager-") || isPromoted(name);
    return planPlacement({ ...sizes, before: placement, votes });
}

/** One problem for each move that Skep refuses. */
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

/** A note that names the managers that later runs move; empty when there are none. */
export function movesWaiting(settings: ZoneSettings): string[] {
    const { waiting } = placementOf(settings);
    if (waiting.length === 0) return [];
    return [
        `Managers move to other zones one a run. Still to move after this one: ${listed(waiting)}. Run up again for each.`,
    ];
}
