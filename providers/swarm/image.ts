// An image of the local engine on the hosts: loaded into each of them, or pushed once to the swarm's registry and pulled
// from there, so that no node needs the registry to start a task: it may stand in the zone that is lost.
import { PassThrough } from "node:stream";
import { formatProblem, skepError } from "../../errors";
import { dockerClient } from "../runtime/docker";
import type { Context, Props, Resource } from "../runtime/types";
import { ifExists } from "../../swarm/engine";
import { reasonOf } from "../../swarm/failures";
import type { HostInput } from "../../swarm/host";
import { remote, type Remote } from "../../swarm/ssh";
import { until } from "../../swarm/wait";

const LOADS_AT_ONCE = 3;
const PULLS_AT_ONCE = 4;
const PUSH_RETRY_MS = 60_000;
const TRANSFER_MS = 600_000;

interface Push {
    reference: string;
    username: string;
    password: string;
}

export const image: Resource = {
    required: ["image", "imageId", "hosts", "hostIds"],
    computed: ["digest", "reference", "missing", "hostImageIds"],
    ignoreInDiff: ["hosts"],

    /** Hosts that could not pull get another chance with every up. */
    drift: ({ missing }) => (missing?.length > 0 ? ["hostIds"] : []),

    async create(inputs, ctx) {
        const outs = await distribute(inputs, {}, ctx);
        return { id: `${inputs.image}@${inputs.imageId}`, outs };
    },

    update: (_id, olds, inputs, ctx) => distribute(inputs, olds, ctx),

    read: async (id, state) => ({ id, outs: state }),
};

async function distribute(inputs: Props, olds: Props, ctx: Context): Promise<Props> {
    const { imageId } = inputs;
    const isSame = olds.imageId === imageId;
    const ids = new Set<string>([imageId, ...(isSame ? (olds.hostImageIds ?? []) : [])]);
    const outs = inputs.push
        ? await pushAndPull(inputs, inputs.push, olds, ids, ctx)
        : await loadEverywhere(inputs, ids);
    return { ...outs, hostImageIds: [...ids].filter((id) => id !== imageId).sort() };
}

async function loadEverywhere({ image, hosts }: Props, ids: Set<string>): Promise<Props> {
    await eachLimited(hosts, LOADS_AT_ONCE, (host: HostInput) => provide(remote(host), image, ids));
    return { reference: image, digest: "", missing: [] };
}

/** Under the registry's real name, and with each host's own trust. */
async function pushAndPull(
    inputs: Props,
    push: Push,
    olds: Props,
    ids: Set<string>,
    ctx: Context,
): Promise<Props> {
    const engine = await firstReachable(inputs.hosts);
    const digest =
        (await pushedBefore(engine, inputs, push, olds)) ?? (await pushFrom(engine, inputs, push, ids, ctx));
    const missing: string[] = [];
    await eachLimited(inputs.hosts, PULLS_AT_ONCE, async (host: HostInput) => {
        try {
            if (!ctx.signal.aborted) return await pull(remote(host), push, digest);
        } catch (error) {
            // What the tasks need is theirs to say: a host that is down must not keep the others from an update.
            const problem = `${host.name} has not got ${push.reference}: ${reasonOf(error)}.`;
            ctx.log(formatProblem({ id: "IMAGE_MISSING", problem, advice: "Run up again." }), "warning");
        }
        missing.push(host.name);
    });
    return { reference: push.reference, digest, missing: missing.sort() };
}

/** The digest of an earlier push, where the registry still has it: its host may have been made anew since. */
async function pushedBefore(
    engine: Remote,
    { imageId }: Props,
    push: Push,
    olds: Props,
): Promise<string | undefined> {
    if (!olds.digest || olds.imageId !== imageId || olds.push?.reference !== push.reference) return undefined;
    const found = await engine.inRegistry(push.reference, authOf(push)).catch(() => undefined);
    return found === olds.digest ? found : undefined;
}

function pushFrom(
    engine: Remote,
    { image }: Props,
    push: Push,
    ids: Set<string>,
    ctx: Context,
): Promise<string> {
    const attempt = async () => {
        await provide(engine, image, ids);
        await tag(engine, image, push.reference);
        return pushOnce(engine, push);
    };
    const what = `the push of ${push.reference}`;
    const giveUp = (error: unknown) => /unauthorized|denied|x509/i.test((error as Error).message);
    return until(what, attempt, PUSH_RETRY_MS, { ...ctx, pollMs: 2000, giveUp }).catch((error: unknown) => {
        throw pushFailure(push.reference, error);
    });
}

/** An engine tells little of why a registry refuses: what its storage is about stands in the registry's own log. */
export function pushFailure(reference: string, error: unknown): unknown {
    const reason = reasonOf(error);
    if (!/unexpected HTTP status: 5\d\d|unauthorized|denied/i.test(reason)) return error;
    return skepError(
        "IMAGE_PUSH",
        `${reference} could not be pushed: ${reason}.`,
        "See what the registry says of it, of its storage too: docker service logs registry_registry, on a manager. Then run the same command again.",
    );
}

async function pushOnce(engine: Remote, push: Push): Promise<string> {
    const { name, tag: version } = split(push.reference);
    const messages = await engine.push(name, version, authOf(push));
    const digest = messages.map(({ aux }) => aux?.Digest).find((found) => found !== undefined);
    if (typeof digest === "string") return digest;
    throw new Error(`on ${engine.name} it ended without a digest`);
}

/** Pulls what the host does not have; tasks name an image by its digest, which only a pull or a push records. */
async function pull(engine: Remote, push: Push, digest: string): Promise<void> {
    const { name, tag: version } = split(push.reference);
    const found = await ifExists(engine.call("GET", `/images/${push.reference}/json`));
    if (found?.RepoDigests?.includes(`${name}@${digest}`)) return;
    await engine.pull(name, version, authOf(push));
}

function authOf({ reference, username, password }: Push): string {
    const auth = { username, password, serveraddress: split(reference).server };
    return Buffer.from(JSON.stringify(auth)).toString("base64url");
}

async function firstReachable(hosts: readonly HostInput[]): Promise<Remote> {
    const reasons: string[] = [];
    for (const host of hosts) {
        try {
            await remote(host).call("GET", "/_ping");
            return remote(host);
        } catch (error) {
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
 * Loads the image where it is missing, and gives it its name where only that is. `ids` are the image's: this machine's
 * engine and a host's may each have another for it, the digest of its manifest in a containerd store, that of its
 * configuration elsewhere. What a host calls it is learned from a transfer, so that a later one finds it there.
 */
export async function provide(
    engine: Pick<Remote, "call" | "load">,
    reference: string,
    ids: Set<string>,
): Promise<void> {
    const found = await idOf(engine, reference);
    if (found !== undefined && ids.has(found)) return;
    for (const id of ids) if (await idOf(engine, id)) return tag(engine, id, reference);
    await transfer(engine, reference);
    const loaded = await idOf(engine, reference);
    if (loaded !== undefined) ids.add(loaded);
}

async function transfer(engine: Pick<Remote, "load">, reference: string): Promise<void> {
    const saved = await localImage(reference);
    // A pull stream of its own: what the engine sends can be piped, but is no Readable by type.
    const stream = saved.on("error", (error) => stream.destroy(error)).pipe(new PassThrough());
    await engine.load(stream, TRANSFER_MS);
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

async function idOf(engine: Pick<Remote, "call">, reference: string): Promise<string | undefined> {
    return (await ifExists(engine.call("GET", `/images/${reference}/json`)))?.Id;
}

/** Gives an image that is there, by its id or a name, another name. */
async function tag(engine: Pick<Remote, "call">, source: string, reference: string): Promise<void> {
    const { name, tag: version } = split(reference);
    const query = `repo=${encodeURIComponent(name)}&tag=${encodeURIComponent(version)}`;
    await engine.call("POST", `/images/${source}/tag?${query}`);
}

/** A reference's parts; a colon before the last slash belongs to the registry's port. */
export function split(reference: string): { server: string; name: string; tag: string } {
    const colon = reference.indexOf(":", reference.lastIndexOf("/") + 1);
    const name = colon < 0 ? reference : reference.slice(0, colon);
    const version = colon < 0 ? "latest" : reference.slice(colon + 1);
    return { server: name.split("/")[0] ?? "", name, tag: version };
}

/** Works through a list with at most `limit` at once. */
async function eachLimited<T>(items: readonly T[], limit: number, work: (item: T) => Promise<void>) {
    const queue = [...items];
    const lane = async () => {
        for (let item = queue.shift(); item !== undefined; item = queue.shift()) await work(item);
    };
    await Promise.all(Array.from({ length: Math.min(limit, items.length) }, lane));
}
