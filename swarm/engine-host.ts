// A host's engine from the outside: which packages it has, which settings, and how both come to the host.
import {
    DAEMON_JSON,
    DAEMON_RECORD,
    daemonMode,
    daemonText,
    mergeDaemon,
    type MergedDaemon,
} from "../planning/daemon-json";
import {
    type EngineVersions,
    type FoundEngine,
    LOOK,
    parseInstalled,
    parseStale,
} from "../planning/engine-packages";
import { proxiesForOthers } from "../planning/proxies";
import { oneLine } from "../planning/sentence";
import { skepError } from "../errors";
import type { Context } from "./context";
import { ConnectionError } from "./failures";
import type { Host } from "./host";
import { pausePoint } from "./pause-point";
import { hostScript } from "./scripts";

const CHECK_MS = 10_000;
const WRITE_MS = 60_000;

/** Where packages come from, and which ones. */
export interface EngineSource {
    repository: { url: string; fingerprint: string; viaProxy?: boolean };
    packages: EngineVersions;
}

/** What the host's kernel can do, as the script found it. */
export interface Kernel {
    /** Whether it has IPVS. */
    mesh: boolean;
    /** Whether it has ESP. */
    esp: boolean;
}

/** What is installed and what runs. Throws if the host does not answer; an engine that does not answer is found stopped. */
export async function findEngine(host: Host, { signal }: Pick<Context, "signal">): Promise<FoundEngine> {
    const { stdout } = await host.exec(LOOK, { timeoutMs: CHECK_MS, signal });
    const version = await ifRunning(host.call<{ Version: string }>("GET", "/version"));
    return { installed: parseInstalled(stdout), running: version?.Version, stale: parseStale(stdout) };
}

/** The engine's answer, or undefined if the host answers and its engine does not. */
export async function ifRunning<T>(answer: Promise<T>): Promise<T | undefined> {
    try {
        return await answer;
    } catch (error) {
        if (error instanceof ConnectionError && error.id === "ENGINE_STOPPED") return undefined;
        throw error;
    }
}

/** Skep's keys of daemon.json together with the host's own. Changes nothing. */
export async function mergedDaemon(
    host: Host,
    ours: Readonly<Record<string, unknown>>,
    { signal }: Pick<Context, "signal">,
): Promise<MergedDaemon> {
    const read = async (path: string) => {
        const command = `sudo -n sh -c 'if [ -e ${path} ]; then cat ${path}; fi'`;
        const { code, stdout, stderr } = await host.exec(command, { timeoutMs: CHECK_MS, signal });
        // A file that cannot be read must not be taken for one that is not there: it would be written anew.
        if (code !== 0)
            throw skepError(
                "HOST_SCRIPT",
                `${path} of ${host.name} could not be read: ${oneLine(stderr)}.`,
                "Look at the host, then run the same command again.",
            );
        return stdout === "" ? undefined : stdout;
    };
    const [daemon, record] = await Promise.all([read(DAEMON_JSON), read(DAEMON_RECORD)]);
    return mergeDaemon(daemonText(ours), { daemon, record });
}

/**
 * Writes daemon.json. `reload`: the engine reads it again. `check`: throws ENGINE_CONFIG if the installed engine refuses it,
 * and writes nothing then.
 */
export async function writeDaemon(
    host: Host,
    { content, record }: Pick<MergedDaemon, "content" | "record">,
    how: { reload: boolean; check: boolean },
    { signal }: Pick<Context, "signal">,
): Promise<void> {
    const base64 = (text: string) => Buffer.from(text).toString("base64");
    const variables = {
        DAEMON: base64(content),
        RECORD: base64(record),
        RELOAD: how.reload ? "yes" : "no",
        CHECK: how.check ? "yes" : "no",
        FILE_MODE: daemonMode(content),
    };
    await host.script(hostScript("lock", "daemon"), variables, { signal, timeoutMs: WRITE_MS });
}

/**
 * Installs these packages and starts their engine. `restart`: the engine restarts even if the wanted one runs. `download`:
 * the packages are only fetched, and nothing else changes. `user` is the login that may use the engine.
 */
export async function installEngine(
    host: Host,
    user: string,
    { repository, packages }: EngineSource,
    how: { restart?: boolean; download?: boolean },
    ctx: Context,
): Promise<Kernel> {
    const variables = {
        REPOSITORY_URL: repository.url,
        KEY_FINGERPRINT: repository.fingerprint,
        DOCKER_VERSION: packages["docker-ce"],
        CONTAINERD_VERSION: packages["containerd.io"],
        LOGIN_USER: user,
        RESTART: how.restart ? "yes" : "no",
        DOWNLOAD: how.download ? "yes" : "no",
        ...(repository.viaProxy && proxiesForOthers(process.env)),
    };
    const running = host.script<Kernel>(hostScript("lock", "data-root", "reserve", "engine"), variables, ctx);
    if (how.download) return running;
    // The script runs meanwhile, and goes on whatever happens here.
    const [found] = await Promise.all([running, pausePoint(`engine:apt:${host.name}`, ctx)]);
    return found;
}
