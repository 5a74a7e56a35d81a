// Chooses the kind of plugins for a command: the one that SKEP_PLUGINS names, the one that the stack was made with, or what
// this machine can reach. plugins.ts provides each kind.

import { SkepError, skepError } from "../../errors";
import type { Progress } from "./progress";
import { ensureRealPlugins, ensureStandIns } from "./plugins";
import type { Reachability } from "./reachability";
import { PLUGIN_KINDS, type PluginKind } from "./tools";

/** A kind of plugins, and its PULUMI_HOME unless that is the user's own. */
export interface Plugins {
    plugins: PluginKind;
    pulumiHome?: string;
}

/** The kind that SKEP_PLUGINS names; undefined when it is not set. */
export function askedKind(setting = process.env.SKEP_PLUGINS): PluginKind | undefined {
    if (!setting) return undefined;
    const kind = PLUGIN_KINDS.find((name) => name === setting);
    if (kind !== undefined) return kind;
    throw skepError(
        "SKEP_PLUGINS",
        `SKEP_PLUGINS is "${setting}".`,
        `Set it to ${PLUGIN_KINDS.join(", ")}, or unset it: then official plugins are used where they can be downloaded, else stand-ins.`,
    );
}

/**
 * Provides plugins of the kind that SKEP_PLUGINS names, else official ones where Pulumi's downloads can be reached, else
 * stand-ins. `made`, the kind that a stack was made with, comes before all of these where this machine can provide it.
 */
export async function ensurePlugins(
    progress: Progress,
    reachable: Reachability,
    made?: PluginKind,
): Promise<Plugins> {
    const usual = askedKind() ?? (reachable.plugins ? "official" : "standins");
    if (made === undefined || made === usual) return provide(progress, usual);
    if (made === "official" && !reachable.plugins) return provide(progress, usual);
    try {
        return await provide(progress, made);
    } catch (error) {
        if (!(error instanceof SkepError) || made !== "real") throw error;
        progress.note(
            `Note: the plugins that the stack was made with cannot be built here: ${error.message}`,
        );
        return provide(progress, usual);
    }
}

async function provide(progress: Progress, kind: PluginKind): Promise<Plugins> {
    if (kind === "official") return { plugins: kind };
    const ensure = kind === "real" ? ensureRealPlugins : ensureStandIns;
    return { plugins: kind, pulumiHome: await ensure(progress) };
}
