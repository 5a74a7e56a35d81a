// Which kind of plugins a command takes: the one that SKEP_PLUGINS names, the one that the stack was made with, or what this
// machine reaches. How each kind comes here stands in plugins.ts.

import { SkepError, skepError } from "../../errors";
import type { Progress } from "./progress";
import { ensureRealPlugins, ensureStandIns } from "./plugins";
import type { Reachability } from "./reachability";
import { PLUGIN_KINDS, type PluginKind } from "./tools";

/** A kind of plugins that is here, and its PULUMI_HOME where that is not the user's own. */
export interface Plugins {
    plugins: PluginKind;
    pulumiHome?: string;
}

/** What SKEP_PLUGINS says; undefined where it says nothing. */
export function askedKind(setting = process.env.SKEP_PLUGINS): PluginKind | undefined {
    if (!setting) return undefined;
    const kind = PLUGIN_KINDS.find((name) => name === setting);
    if (kind !== undefined) return kind;
    throw skepError(
        "SKEP_PLUGINS",
        `SKEP_PLUGINS is "${setting}".`,
        `Set it to ${PLUGIN_KINDS.join(", ")}, or unset it: official plugins are taken where they can be had, else stand-ins.`,
    );
}

/**
 * Plugins of the kind that SKEP_PLUGINS names, else official ones where Pulumi's downloads are reached, else stand-ins.
 * `made` is the kind that a stack was made with, which takes it down and reads it: it comes first where this machine
 * can provide it.
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
