// An image of the local engine on the hosts. It is loaded into each of them, or pushed once to the swarm's registry and
// pulled from there. Then no node needs the registry to start a task: the registry may be in the zone that is lost.
import { PassThrough } from "node:stream";
import type { ImageInspectInfo } from "dockerode";
import { formatProblem, skepError } from "../../errors";
import { reasonOf } from "../../planning/sentence";
import type { Context } from "../../swarm/context";
import { EngineError, HostFailure, ifAnswered, ifExists } from "../../swarm/failures";
import { Host, type Connection } from "../../swarm/host";
import type { HostInput } from "../../swarm/ssh";
import { until } from "../../swarm/wait";
import { dockerClient } from "../runtime/docker";
import type { Resource } from "../runtime/types";

const LOADS_AT_ONCE = 3;
const PULLS_AT_ONCE = 4;
const PUSH_RETRY_MS = 60_000;

interface Push {
    reference: string;
    username: string;
    password: string;
}

type Inputs = { image: string; imageId: string; hosts: HostInput[]; hostIds: string[]; push?: Push };
type Outs = {
    /** The digest that the registry gave; empty without `push`. */
    digest: string;
    /** The image's name in services. */
    reference: string;
    /** Names of hosts that could not pull the image. */
    missing: string[];
    /** The ids that the hosts' engines have for the image, beside `imageId`. */
    hostImageIds: string[];
};
type State = Inputs & Outs;
type Distributed = Omit<Outs, "hostImageIds">;

export const image: Resource = {
    required: ["image", "imageId", "hosts", "hostIds"],
    computed: ["digest", "reference", "missing", "hostImageIds"],
    ignoreInDiff: ["hosts"],

    /** Hosts that could not pull the image try again with every up. */
    drift: ({ missing }: Partial<State>) => (missing && missing.length > 0 ? ["hostIds"] : []),

    /** The id is the name in the program: an update may bring another image, and the id stays. */
    create: async (inputs: Inputs, ctx) => ({ id: ctx.name, outs: await distribute(inputs, {}, ctx) }),

    update: (_id, olds: State, inputs: Inputs, ctx) => distribute(inputs, olds, ctx),

    read: async (id, state) => ({ id, outs: state }),
};

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
        provide(connection, image, ids, signal),
    );
    return { reference: image, digest: "", missing: [] };
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
    const before = await pushedBefore(from, inputs, push, olds);
    const digest = before ?? (await pushFrom(from, inputs.image, push, ids, ctx));
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
    return { reference: push.reference, digest, missing: missing.sort() };
}

/** The digest of an earlier push, if the registry still has it. The registry's host may have been recreated since. */
async function pushedBefore(
    { connection }: Host,
    { imageId }: Inputs,
    push: Push,
    olds: Partial<State>,
): Promise<string | undefined> {
    if (!olds.digest || olds.imageId !== imageId || olds.push?.reference !== push.reference) return undefined;
    const found = await ifAnswered(connection.inRegistry(push.reference, authOf(push)));
    return found === olds.digest ? found : undefined;
}

function pushFrom(
    { name, connection }: Host,
    image: string,
    push: Push,
    ids: Set<string>,
    ctx: Context,
): Promise<string> {
    const attempt = async () => {
        await provide(connection, image, ids, ctx.signal);
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
    const { name, tag: version } = split(push.reference);
    const found = await inspect(engine, push.reference);
    if (found?.RepoDigests?.includes(`${name}@${digest}`)) return;
    await engine.pull(name, version, authOf(push), signal);
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
    signal: AbortSignal,
): Promise<void> {
    const found = await inspect(engine, reference);
    if (found && ids.has(found.Id)) return;
    for (const id of ids) if (await inspect(engine, id)) return tag(engine, id, reference);
    const saved = await localImage(reference);
    // A stream of our own: what the engine sends can be piped, but its type is no Readable.
    const stream = saved.on("error", (error) => stream.destroy(error)).pipe(new PassThrough());
    await engine.load(stream, signal);
    const loaded = await inspect(engine, reference);
    if (loaded) ids.add(loaded.Id);
}

async function localImage(reference: string): Promise<NodeJS.ReadableStream> {
    try {
        return await dockerClient().getImage(reference).get();
    } catch (error) {
        throw skepError(
            "IMAGE_NOT_LOCAL",
            `The local docker engine cannot give out ${reference}: ${reasonOf(error)}.`,
            "Build or pull it there, then run the same command again.",
        );
    }
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
