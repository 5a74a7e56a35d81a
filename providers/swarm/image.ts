// An image of the local engine on the hosts. It is loaded into each of them, or pushed once to the swarm's registry and
// pulled from there. Then no node needs the registry to start a task: the registry may be in the zone that is lost.
import { PassThrough } from "node:stream";
import type { ImageInspectInfo } from "dockerode";
import { formatProblem, skepError } from "../../errors";
import { reasonOf } from "../../planning/sentence";
import type { Context } from "../../swarm/context";
import { EngineError, HostFailure, ifAnswered, ifExists } from "../../swarm/failures";
import { Host, PROBE_MS, type Connection } from "../../swarm/host";
import type { HostInput } from "../../swarm/ssh";
import { filters } from "../../swarm/swarm";
import { TimedOut, until } from "../../swarm/wait";
import type { Resource } from "../runtime/types";
import { itself } from "./inputs";
import { type Build, localImage } from "./local-image";

const LOADS_AT_ONCE = 3;
const PULLS_AT_ONCE = 4;
const PUSH_RETRY_MS = 60_000;
/** How long a registry that does not answer is asked for an image. Its service has just been waited for. */
const ASK_RETRY_MS = 10_000;
/** The registry's tasks have 20 s to end. */
const STOP_MS = 30_000;

interface Push {
    reference: string;
    username: string;
    password: string;
    /** The registry's storage: another one begins empty. */
    place?: string;
}

type Inputs = {
    image: string;
    imageId: string;
    hosts: HostInput[];
    hostIds: string[];
    push?: Push;
    /** How the image is built when this machine's engine does not have it. `imageId` is a hash of what it is built from. */
    build?: Build;
};
type Outs = {
    /** The digest that the registry gave; empty without `push`. */
    digest: string;
    /** The image's name in services. */
    reference: string;
    /** Names of hosts that could not pull the image. */
    missing: string[];
    /** Whether the registry still has the image, as far as known; true without `push`. */
    stored: boolean;
    /** The ids that the hosts' engines have for the image, beside `imageId`. */
    hostImageIds: string[];
};
type State = Inputs & Outs;
type Distributed = Omit<Outs, "hostImageIds">;

export const image: Resource = {
    required: ["image", "imageId", "hosts", "hostIds"],
    computed: ["digest", "reference", "missing", "stored", "hostImageIds"],
    // Another clone of the project has other paths.
    ignoreInDiff: ["hosts", "build"],
    refreshBeforeUpdate: true,
    entries: { push: itself },

    /** Hosts that have not got the image, and a registry that has lost it, get it again with the next up. */
    drift: ({ missing = [], stored }: Partial<State>) => [
        ...(missing.length > 0 ? ["missing"] : []),
        ...(stored === true ? [] : ["stored"]),
    ],

    /** The id is the name in the program: an update may bring another image, and the id stays. */
    create: async (inputs: Inputs, ctx) => ({ id: ctx.name, outs: await distribute(inputs, {}, ctx) }),

    update: (_id, olds: State, inputs: Inputs, ctx) => distribute(inputs, olds, ctx),

    async read(id, state: State) {
        return { id, outs: { ...state, ...(await whereItIs(state, state.hosts.map(Host.of))) } };
    },
};

/** Which hosts have not got the image, and whether the registry has it. Hosts that do not answer keep what was known. */
export async function whereItIs(
    state: Omit<State, "hosts" | "hostIds" | "reference">,
    hosts: readonly Host[],
): Promise<Pick<Outs, "missing" | "stored">> {
    const { image, imageId, push, digest } = state;
    const ids = new Set([imageId, ...(state.hostImageIds ?? [])]);
    const known = state.missing ?? [];
    const lacking = async ({ name, connection }: Host) => {
        const there = await ifAnswered(
            push ? isPulled(connection, push, digest) : isLoaded(connection, image, ids),
        );
        return (there === undefined ? known.includes(name) : !there) ? [name] : [];
    };
    const [missing, kept] = await Promise.all([
        Promise.all(hosts.map(lacking)),
        push && keptBy(hosts, push, digest),
    ]);
    return { missing: missing.flat().sort(), stored: !push || (kept ? kept === "kept" : state.stored) };
}

async function distribute(inputs: Inputs, olds: Partial<State>, ctx: Context): Promise<Outs> {
    const { imageId, push } = inputs;
    const known = olds.imageId === imageId ? (olds.hostImageIds ?? []) : [];
    const ids = new Set([imageId, ...known]);
    const outs = push
        ? await pushAndPull(inputs, push, olds, ids, ctx)
        : await loadEverywhere(inputs, ids, ctx);
    return { ...outs, hostImageIds: [...ids].filter((id) => id !== imageId).sort() };
}

async function loadEverywhere(
    { image, hosts }: Inputs,
    ids: Set<string>,
    ctx: Context,
): Promise<Distributed> {
    await eachLimited(hosts.map(Host.of), LOADS_AT_ONCE, ctx.signal, ({ connection }, signal) =>
        provide(connection, image, ids, { ...ctx, signal }),
    );
    return { reference: image, digest: "", missing: [], stored: true };
}

/** Pushes and pulls under the registry's real name. Each host relies on its own trust in the registry. */
async function pushAndPull(
    inputs: Inputs,
    push: Push,
    olds: Partial<State>,
    ids: Set<string>,
    ctx: Context,
): Promise<Distributed> {
    const hosts = inputs.hosts.map(Host.of);
    const from = await firstReachable(hosts);
    const before = await pushedBefore(hosts, inputs, push, olds, ctx);
    const stored = before !== "unknown";
    if (before === "gone") await restartRegistry(hosts, push, ctx);
    const isThere = before === "kept" || before === "unknown";
    const digest = isThere ? olds.digest! : await pushFrom(from, inputs, push, ids, ctx);
    const missing: string[] = [];
    await eachLimited(hosts, PULLS_AT_ONCE, ctx.signal, async ({ name, connection }, signal) => {
        try {
            await pull(connection, push, digest, signal);
        } catch (error) {
            if (!(error instanceof HostFailure)) throw error;
            // A host that is down must not fail the update; its tasks report a missing image themselves.
            const problem = `${name} has not got ${push.reference}: ${reasonOf(error)}.`;
            ctx.log(formatProblem({ id: "IMAGE_MISSING", problem, advice: "Run up again." }), "warning");
            missing.push(name);
        }
    });
    return { reference: push.reference, digest, missing: missing.sort(), stored };
}

/**
 * What a registry says of an image that it was given. `other`: it has another image under that name. `unknown`: it does
 * not answer the host.
 */
type Kept = "kept" | "other" | "gone" | "unknown";

/** What the registry says of an earlier push; undefined if there was none of this image to this place. */
async function pushedBefore(
    hosts: readonly Host[],
    { imageId }: Inputs,
    push: Push,
    olds: Partial<State>,
    ctx: Context,
): Promise<Kept | undefined> {
    const { digest } = olds;
    const isSame = olds.push?.reference === push.reference && olds.push.place === push.place;
    if (!digest || olds.imageId !== imageId || !isSame) return undefined;
    const asked = async () => {
        const kept = await keptBy(hosts, push, digest);
        return kept === "unknown" ? undefined : kept;
    };
    return until(`an answer of ${split(push.reference).server}`, asked, ASK_RETRY_MS, ctx).catch(
        (error: unknown) => {
            if (!(error instanceof TimedOut)) throw error;
            const problem = `The registry does not answer, so it is not known whether it still has ${push.reference}.`;
            const advice =
                "See why its service does not run: docker service ps registry_registry, on a manager.";
            ctx.log(formatProblem({ id: "REGISTRY_SILENT", problem, advice }), "warning");
            return "unknown";
        },
    );
}

/** Asks the registry through the host that answers first; undefined if none does. */
async function keptBy(hosts: readonly Host[], push: Push, digest: string): Promise<Kept | undefined> {
    const host = await firstAnswering(hosts);
    const said = host && (await askedAt(host, push, digest));
    if (said !== "unknown") return said;
    // What is broken may be that host's own way to the registry, or its trust in it.
    const other = await firstAnswering(hosts.filter((each) => each !== host));
    return other ? askedAt(other, push, digest) : said;
}

function firstAnswering(hosts: readonly Host[]): Promise<Host | undefined> {
    const answering = hosts.map(async (host) => {
        await host.call("GET", "/_ping", { timeoutMs: PROBE_MS });
        return host;
    });
    return Promise.any(answering).catch(() => undefined);
}

async function askedAt({ connection }: Host, push: Push, digest: string): Promise<Kept> {
    try {
        return (await connection.inRegistry(push.reference, authOf(push))) === digest ? "kept" : "other";
    } catch (error) {
        if (!(error instanceof HostFailure)) throw error;
        return error instanceof EngineError && error.statusCode === 404 ? "gone" : "unknown";
    }
}

/** By the registry's name, its restart by this process. */
const restarts = new Map<string, Promise<void>>();

/**
 * Restarts a registry that has lost images. It keeps in memory which layers it has, and would not take those that its
 * storage has lost. Swarm starts a new task in place of each one that is stopped.
 */
function restartRegistry(hosts: readonly Host[], { reference }: Push, ctx: Context): Promise<void> {
    const { server } = split(reference);
    const restart = restarts.get(server) ?? stopTasks(hosts, ctx);
    restarts.set(server, restart);
    return restart;
}

async function stopTasks(hosts: readonly Host[], ctx: Context): Promise<void> {
    ctx.log("the registry has lost images: restarting it before they are pushed again");
    const query = filters({ label: ["com.docker.swarm.service.name=registry_registry"] });
    await eachLimited(hosts, PULLS_AT_ONCE, ctx.signal, async ({ connection }) => {
        const list = connection.call<{ Id: string }[]>("GET", `/containers/json?${query}`);
        for (const { Id } of (await ifAnswered(list)) ?? [])
            await ifExists(connection.call("POST", `/containers/${Id}/stop`, { timeoutMs: STOP_MS }));
    });
}

function pushFrom(
    { name, connection }: Host,
    { image, build: recipe }: Inputs,
    push: Push,
    ids: Set<string>,
    ctx: Context,
): Promise<string> {
    const attempt = async () => {
        await provide(connection, image, ids, ctx, recipe);
        await tag(connection, image, push.reference);
        return pushOnce(name, connection, push, ctx.signal);
    };
    // A registry that has just started refuses for a while. A refused password or certificate stays refused.
    const passes = (error: unknown) =>
        error instanceof EngineError && !/unauthorized|denied|x509/i.test(error.message);
    const wait = { ...ctx, pollMs: 2000, passes };
    return until(`the push of ${push.reference}`, attempt, PUSH_RETRY_MS, wait).catch((error: unknown) => {
        throw pushFailure(push.reference, error);
    });
}

/**
 * Turns a registry's refusal into IMAGE_PUSH, and leaves other errors as they are. An engine says little about why a
 * registry refuses: problems of its storage are in the registry's own log.
 */
export function pushFailure(reference: string, error: unknown): unknown {
    const reason = reasonOf(error);
    if (!/unexpected HTTP status: 5\d\d|unauthorized|denied/i.test(reason)) return error;
    return skepError(
        "IMAGE_PUSH",
        `${reference} could not be pushed: ${reason}.`,
        "See what the registry says of it, of its storage too: docker service logs registry_registry, on a manager. Then run the same command again.",
    );
}

async function pushOnce(host: string, engine: Connection, push: Push, signal: AbortSignal): Promise<string> {
    const { name, tag: version } = split(push.reference);
    const messages = await engine.push(name, version, authOf(push), signal);
    const digest = messages.find(({ aux }) => aux?.Digest !== undefined)?.aux?.Digest;
    if (digest !== undefined) return digest;
    throw new EngineError(host, `the push of ${push.reference}`, 200, "it ended without a digest");
}

/**
 * Pulls the image if the host does not have it. Tasks name an image by its digest, which only a pull or a push records.
 */
async function pull(engine: Connection, push: Push, digest: string, signal: AbortSignal): Promise<void> {
    if (await isPulled(engine, push, digest)) return;
    const { name, tag: version } = split(push.reference);
    await engine.pull(name, version, authOf(push), signal);
}

async function isPulled(engine: Connection, { reference }: Push, digest: string): Promise<boolean> {
    const found = await inspect(engine, reference);
    return found?.RepoDigests?.includes(`${split(reference).name}@${digest}`) ?? false;
}

function authOf({ reference, username, password }: Push): string {
    const auth = { username, password, serveraddress: split(reference).server };
    return Buffer.from(JSON.stringify(auth)).toString("base64url");
}

async function firstReachable(hosts: readonly Host[]): Promise<Host> {
    const reasons: string[] = [];
    for (const host of hosts) {
        try {
            await host.call("GET", "/_ping");
            return host;
        } catch (error) {
            if (!(error instanceof HostFailure)) throw error;
            reasons.push(reasonOf(error));
        }
    }
    throw skepError(
        "IMAGE_NO_HOST",
        `No host can take the image: ${reasons.join("; ")}.`,
        "Start the hosts, then run the same command again.",
    );
}

/**
 * Loads the image if it is missing, and names it if only the name is. `ids` are the image's ids: this machine's engine
 * and a host's may have different ones, the digest of the manifest in a containerd store and that of the configuration
 * elsewhere. A transfer shows the id on the host, so that a later one finds the image there.
 */
export async function provide(
    engine: Pick<Connection, "call" | "load">,
    reference: string,
    ids: Set<string>,
    ctx: Context,
    recipe?: Build,
): Promise<void> {
    if (await isLoaded(engine, reference, ids)) return;
    for (const id of ids) if (await inspect(engine, id)) return tag(engine, id, reference);
    const saved = await localImage(reference, ctx, recipe);
    // A stream of our own: what the engine sends can be piped, but its type is no Readable.
    const stream = saved.on("error", (error) => stream.destroy(error)).pipe(new PassThrough());
    await engine.load(stream, ctx.signal);
    const loaded = await inspect(engine, reference);
    if (loaded) ids.add(loaded.Id);
}

async function isLoaded(
    engine: Pick<Connection, "call">,
    reference: string,
    ids: ReadonlySet<string>,
): Promise<boolean> {
    const found = await inspect(engine, reference);
    return found !== undefined && ids.has(found.Id);
}

function inspect(engine: Pick<Connection, "call">, reference: string): Promise<ImageFound | undefined> {
    return ifExists(engine.call<ImageFound>("GET", `/images/${reference}/json`));
}

type ImageFound = Pick<ImageInspectInfo, "Id" | "RepoDigests">;

/** Gives an existing image, named by its id or a name, another name. */
async function tag(engine: Pick<Connection, "call">, source: string, reference: string): Promise<void> {
    const { name, tag: version } = split(reference);
    const query = `repo=${encodeURIComponent(name)}&tag=${encodeURIComponent(version)}`;
    await engine.call("POST", `/images/${source}/tag?${query}`);
}

/** A reference's parts. A colon before the last slash belongs to the registry's port. */
export function split(reference: string): { server: string; name: string; tag: string } {
    const colon = reference.indexOf(":", reference.lastIndexOf("/") + 1);
    const name = colon < 0 ? reference : reference.slice(0, colon);
    const version = colon < 0 ? "latest" : reference.slice(colon + 1);
    return { server: name.split("/")[0] ?? "", name, tag: version };
}

/** Works through a list, at most `limit` items at once. The first failure ends what is under way, and is thrown. */
export async function eachLimited<T>(
    items: readonly T[],
    limit: number,
    signal: AbortSignal,
    work: (item: T, signal: AbortSignal) => Promise<void>,
): Promise<void> {
    const failed = new AbortController();
    const either = AbortSignal.any([signal, failed.signal]);
    const queue = [...items];
    const lane = async () => {
        try {
            for (let item = queue.shift(); item !== undefined; item = queue.shift()) await work(item, either);
        } catch (error) {
            queue.length = 0;
            failed.abort(error);
        }
    };
    await Promise.all(Array.from({ length: Math.min(limit, items.length) }, lane));
    if (failed.signal.aborted) throw failed.signal.reason;
}
