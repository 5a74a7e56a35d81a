// An image of the local engine on the hosts: loaded into each of them, or pushed once to the swarm's registry.
import { PassThrough } from "node:stream";
import Docker from "dockerode";
import { skepError } from "../../errors";
import type { Context, Props, Resource } from "../runtime/types";
import { isMissing } from "./engine";
import { reasonOf } from "./failures";
import type { HostInput } from "./host";
import { remote, type Remote } from "./ssh";
import { until } from "./wait";

const AT_ONCE = 3;
const PUSH_RETRY_MS = 60_000;
const TRANSFER_MS = 600_000;

interface Push {
    reference: string;
    username: string;
    password: string;
}

export const image: Resource = {
    required: ["image", "imageId", "hosts", "hostIds"],
    computed: ["digest", "reference"],
    ignoreInDiff: ["hosts"],

    async create(inputs, ctx) {
        const outs = await distribute(inputs, ctx);
        return { id: `${inputs.image}@${inputs.imageId}`, outs };
    },

    update: (_id, _olds, inputs, ctx) => distribute(inputs, ctx),

    read: async (id, state) => ({ id, outs: state }),
};

function distribute(inputs: Props, ctx: Context): Promise<Props> {
    return inputs.push ? pushFromOne(inputs, inputs.push, ctx) : loadEverywhere(inputs);
}

async function loadEverywhere({ image, imageId, hosts }: Props): Promise<Props> {
    await eachLimited(hosts, AT_ONCE, (host: HostInput) => provide(remote(host), image, imageId));
    return { reference: image, digest: "" };
}

/** The other hosts pull what one of them has pushed: under the registry's real name, with their own trust. */
async function pushFromOne({ image, imageId, hosts }: Props, push: Push, ctx: Context): Promise<Props> {
    const engine = await firstReachable(hosts);
    await provide(engine, image, imageId);
    await tag(engine, imageId, image, push.reference);
    const attempt = () => pushOnce(engine, push);
    const what = `the push of ${push.reference}`;
    const giveUp = (error: unknown) => /unauthorized|denied|x509/i.test((error as Error).message);
    const digest = await until(what, attempt, PUSH_RETRY_MS, { ...ctx, pollMs: 2000, giveUp }).catch(
        (error: unknown) => {
            throw pushFailure(push.reference, error);
        },
    );
    return { reference: push.reference, digest };
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

async function pushOnce(engine: Remote, { reference, username, password }: Push): Promise<string> {
    const { name, tag: version, server } = split(reference);
    const auth = JSON.stringify({ username, password, serveraddress: server });
    const messages = await engine.push(name, version, Buffer.from(auth).toString("base64url"));
    const digest = messages.map(({ aux }) => aux?.Digest).find((found) => found !== undefined);
    if (typeof digest === "string") return digest;
    throw new Error(`on ${engine.name} it ended without a digest`);
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

/** Loads the image where it is missing, and gives it its name where only that is. */
async function provide(engine: Remote, reference: string, imageId: string): Promise<void> {
    if ((await idOf(engine, reference)) === imageId) return;
    if (await idOf(engine, imageId)) return tag(engine, imageId, reference, reference);
    await transfer(engine, reference);
}

async function transfer(engine: Remote, reference: string): Promise<void> {
    const saved = await localImage(reference);
    // A pull stream of its own: what the engine sends can be piped, but is no Readable by type.
    const stream = saved.on("error", (error) => stream.destroy(error)).pipe(new PassThrough());
    await engine.load(stream, TRANSFER_MS);
}

async function localImage(reference: string): Promise<NodeJS.ReadableStream> {
    try {
        return await new Docker().getImage(reference).get();
    } catch (error) {
        throw skepError(
            "IMAGE_NOT_LOCAL",
            `The local docker engine cannot give out ${reference}: ${reasonOf(error)}.`,
            "Build or pull it there, then run the same command again.",
        );
    }
}

async function idOf(engine: Remote, reference: string): Promise<string | undefined> {
    try {
        return (await engine.call("GET", `/images/${reference}/json`)).Id;
    } catch (error) {
        if (isMissing(error)) return undefined;
        throw error;
    }
}

/** Tags by id; an engine that counts ids differently knows the image by its name only. */
async function tag(engine: Remote, imageId: string, fallback: string, reference: string): Promise<void> {
    const source = (await idOf(engine, imageId)) ? imageId : fallback;
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
