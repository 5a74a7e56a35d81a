// Finds out which sites can be reached: Pulumi's downloads and plugins, Docker Hub, Docker's packages, or their mirrors. Asks
// all of them at once, once a day.

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { skepError } from "../../errors";
import { proxiesOf } from "../../planning/proxies";
import type { Progress } from "./progress";
import { cacheFolder, contentHash, writeWhole } from "./cache";
import { tryRun } from "./programs";
import { checksumsUrl } from "./pulumi";
import { answers } from "./fetch";
import { hubProbes } from "./mirrors";

const SITES = ["pulumi", "plugins", "dockerHub", "dockerPackages"] as const;
type Site = (typeof SITES)[number];

/** The sites that this machine can reach. */
export type Reachability = Record<Site, boolean>;

/** The addresses of each site: it can be reached when one of them answers. */
function addresses(): Record<Site, readonly string[]> {
    return {
        pulumi: [checksumsUrl()],
        plugins: ["https://get.pulumi.com/"],
        dockerHub: hubProbes(),
        dockerPackages: ["https://download.docker.com/linux/debian/gpg"],
    };
}

const PROBE_SECONDS = 5;
const REMEMBERED_MILLISECONDS = 24 * 60 * 60 * 1000;

const memorySchema = z.object({
    asked: z.number(),
    /** A hash of the addresses and the proxy. With others the answers do not count. */
    of: z.string(),
    answers: z.object({
        pulumi: z.boolean(),
        plugins: z.boolean(),
        dockerHub: z.boolean(),
        dockerPackages: z.boolean(),
    }),
});

/** Asks one address; injected in tests. */
export type Probe = (url: string) => Promise<boolean>;

/**
 * Probes the sites, unless it did so within the last day. Without any network the last answers stay, so that a stack keeps
 * the kind of sources it was made with. SKEP_OFFLINE=1 forces unreachable, SKEP_OFFLINE=0 reachable; neither is remembered.
 */
export async function reachability(
    progress: Progress,
    { probe = (url) => answers(url, PROBE_SECONDS), now = Date.now() }: { probe?: Probe; now?: number } = {},
): Promise<Reachability> {
    const forced = forcedAnswer(process.env.SKEP_OFFLINE);
    if (forced !== undefined) return ofEach(() => forced);

    const asked = addresses();
    const path = join(cacheFolder(), "reachability.json");
    const of = contentHash(JSON.stringify([asked, proxiesOf(process.env)]));
    const remembered = await recall(path, of);
    const age = now - (remembered?.asked ?? -Infinity);
    if (remembered && age >= 0 && age < REMEMBERED_MILLISECONDS) return remembered.answers;

    return progress.step("Looking which download sites can be reached", async () => {
        const { npm, ...answers } = await probeSites(probe);
        const nothing = !npm && !Object.values(answers).some(Boolean);
        if (nothing && remembered) return remembered.answers;
        await writeWhole(path, JSON.stringify({ asked: now, of, answers }));
        return answers;
    });
}

/** Asks all sites and npm's registry now, and remembers nothing. */
export async function probeSites(
    probe: Probe = (url) => answers(url, PROBE_SECONDS),
): Promise<Reachability & { npm: boolean }> {
    const asked = addresses();
    const [npm, ...found] = await Promise.all([
        packages().then(probe),
        ...SITES.map(async (site) => (await Promise.all(asked[site].map(probe))).some(Boolean)),
    ]);
    return { npm: npm ?? false, ...ofEach((site) => found[SITES.indexOf(site)] ?? false) };
}

/** The address of npm's registry: a machine that reaches neither it nor the sites has no network now. */
async function packages(): Promise<string> {
    const told = process.env.npm_config_registry ?? (await tryRun("npm", ["config", "get", "registry"]));
    return told?.trim() ?? "";
}

function ofEach(answer: (site: Site) => boolean): Reachability {
    return Object.fromEntries(SITES.map((site) => [site, answer(site)])) as Reachability;
}

/** Whether SKEP_OFFLINE says that the sites can be reached; undefined when it is not set. */
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

async function recall(path: string, of: string): Promise<z.output<typeof memorySchema> | undefined> {
    const text = await readFile(path, "utf8").catch(() => "null");
    try {
        const memory = memorySchema.parse(JSON.parse(text));
        return memory.of === of ? memory : undefined;
    } catch {
        // An unreadable memory is no memory.
        return undefined;
    }
}
