// What the settings and the outputs say a standing swarm should be, for looks at it without a run of Pulumi.

import { ownSettings, readConfig } from "../../config/file";
import { settingsFile } from "../../config/folders";
import { checkSettings, type Settings } from "../../config/settings";
import { SkepError } from "../../errors";
import { DAY_SECONDS } from "../../planning/durations";
import { availabilityOf } from "../../planning/members";
import type { Wanted } from "../../planning/status";
import type { Outputs } from "./outputs";
import type { Standing } from "./standing";

/** The names of the stacks that Skep deploys, as the last `up` made them. */
export function ownStacks({
    sample,
    nodes,
    stacks = {},
}: Pick<Outputs, "sample" | "nodes" | "stacks">): string[] {
    const hasSample = sample !== undefined || nodes.some(({ ports }) => ports.app !== undefined);
    return ["registry", ...(hasSample ? ["sample"] : []), ...Object.keys(stacks)];
}

/** What the swarm should be. */
export async function wantedOf({ stack, outputs, hosts }: Standing): Promise<Wanted> {
    const settings = await settingsOf(stack);
    const stacks = ownStacks(outputs);
    if (!settings) return { stacks };
    const availability = hosts.map((host) => [host.name, availabilityOf(host, settings)] as const);
    const backupSeconds = settings.backup.warnAfter * DAY_SECONDS;
    return { stacks, availability: Object.fromEntries(availability), backupSeconds };
}

/** The user's settings; undefined if they are wrong, which must not keep anyone from a look at the swarm. */
export async function settingsOf(stack: string): Promise<Settings | undefined> {
    try {
        return checkSettings(stack, ownSettings(await readConfig(settingsFile(stack)))).settings;
    } catch (error) {
        if (error instanceof SkepError) return undefined;
        throw error;
    }
}
