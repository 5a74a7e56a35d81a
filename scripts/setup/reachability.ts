// Which of the sites that Skep would rather use can be reached: Pulumi's downloads, Docker Hub, Docker's packages.
// Asked once a day, all at once; what follows from an answer stands in the steps.

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { skepError } from "../../errors";
import type { Progress } from "../progress";
import { cacheFolder, writeWhole } from "./cache";

const SITES = {
    pulumi: "https://get.pulumi.com/",
    dockerHub: "https://registry-1.docker.io/v2/",
    dockerPackages: "https://download.docker.com/linux/debian/gpg",
} as const;

/** Where npm packages come from: whoever reaches neither this nor the sites has no network at all just now. */
const PACKAGES = process.env.npm_config_registry || "https://registry.npmjs.org/";

const PROBE_SECONDS = 3;
const REMEMBERED_MILLISECONDS = 24 * 60 * 60 * 1000;

/** What can be reached from this machine. */
export type Reachability = Record<keyof typeof SITES, boolean>;

const memorySchema = z.object({
    asked: z.number(),
    answers: z.object({ pulumi: z.boolean(), dockerHub: z.boolean(), dockerPackages: z.boolean() }),
});

/** Asks one site; injected in tests. */
export type Probe = (url: string) => Promise<boolean>;

/**
 * Probes the sites, or tells what was found within the last day, or, without any network, what was found last: a
 * stack goes on with what it was made with.
 * SKEP_OFFLINE=1 forces unreachable, SKEP_OFFLINE=0 reachable; neither is remembered.
 */
export async function reachability(
    progress: Progress,
    { probe = answers, now = Date.now() }: { probe?: Probe; now?: number } = {},
): Promise<Reachability> {
    const forced = forcedAnswer(process.env.SKEP_OFFLINE);
    if (forced !== undefined) return { pulumi: forced, dockerHub: forced, dockerPackages: forced };

    const path = join(cacheFolder(), "reachability.json");
    const remembered = await recall(path);
    const age = now - (remembered?.asked ?? -Infinity);
    if (remembered && age >= 0 && age < REMEMBERED_MILLISECONDS) return remembered.answers;

    return progress.step("Looking which download sites can be reached", async () => {
        const [pulumi, dockerHub, dockerPackages, packages] = await Promise.all([
            probe(SITES.pulumi),
            probe(SITES.dockerHub),
            probe(SITES.dockerPackages),
            probe(PACKAGES),
        ]);
        const answers = { pulumi, dockerHub, dockerPackages };
        const nothing = !pulumi && !dockerHub && !dockerPackages && !packages;
        if (nothing && remembered) return remembered.answers;
        await writeWhole(path, JSON.stringify({ asked: now, answers }));
        return answers;
    });
}

/** What SKEP_OFFLINE says: whether the sites count as reachable, or undefined to find out. */
export function forcedAnswer(setting: string | undefined): boolean | undefined {
    if (!setting) return undefined;
    if (setting === "1") return false;
    if (setting === "0") return true;
    throw skepError(
        "SKEP_OFFLINE",
        `SKEP_OFFLINE is "${setting}".`,
        "Set it to 1 (offline) or 0 (online), or unset it.",
    );
}

async function recall(path: string): Promise<z.output<typeof memorySchema> | undefined> {
    const text = await readFile(path, "utf8").catch(() => "null");
    try {
        return memorySchema.parse(JSON.parse(text));
    } catch {
        // An unreadable memory is no memory.
        return undefined;
    }
}

const UNAUTHORIZED = 401;

async function answers(url: string): Promise<boolean> {
    try {
        const response = await fetch(url, {
            method: "HEAD",
            signal: AbortSignal.timeout(PROBE_SECONDS * 1000),
        });
        // Docker Hub answers strangers with 401; a proxy that refuses says 403 or worse.
        return response.ok || response.status === UNAUTHORIZED;
    } catch {
        return false;
    }
}
