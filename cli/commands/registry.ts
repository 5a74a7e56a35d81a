// `skep registry`: what is in the private registry, and how to get rid of it.

import { skepError, SkepError } from "../../errors";
import { bytesOf, readable, taggedName, type TaggedImage } from "../../planning/registry-images";
import { listed, reasonOf } from "../../planning/sentence";
import { type RegistryAccess, RegistryClient } from "../../swarm/registry";
import { collectGarbage } from "../../swarm/registry-gc";
import { confirmed } from "../confirm";
import type { Options } from "../options";
import { printJson, printNext } from "../print";
import type { Outputs } from "../stack/outputs";
import { onStanding, type Standing } from "../stack/standing";
import { table } from "../text";

/** How much of a digest a list shows: as docker shows an image's id. */
const SHOWN_DIGEST = "sha256:".length + 12;

/** Prints all images with tags, their digests and sizes. Works without a manager. */
export function list(options: Options): Promise<void> {
    return inRegistry(options, (client, standing) => listOf(client, standing, options));
}

/** The same in a registry that is found. */
export async function listOf(
    client: RegistryClient,
    { progress }: Standing,
    options: Options,
): Promise<void> {
    const images = await progress.step("Asking the registry", () => client.images());
    const bytes = bytesOf(images.flatMap(({ parts }) => parts));
    if (options.json) return printJson({ images: images.map(summaryOf), bytes });
    const rows = images.map(({ repository, tag, digest, parts }) => [
        `${repository}:${tag}`,
        digest.slice(0, SHOWN_DIGEST),
        readable(bytesOf(parts)),
    ]);
    if (rows.length > 0) console.log(table([["IMAGE", "DIGEST", "SIZE"], ...rows]).join("\n"));
    console.log(`${images.length} images, ${readable(bytes)} in all`);
}

/** Deletes one tag after a question that names the services that use it. Throws TAG_UNKNOWN. */
export function deleteTag(name: string, options: Options): Promise<void> {
    return inRegistry(options, (client, standing) => deleteTagIn(client, standing, name, options));
}

/** The same in a registry that is found. */
export async function deleteTagIn(
    client: RegistryClient,
    standing: Standing,
    name: string,
    options: Options,
): Promise<void> {
    const wanted = taggedName(name);
    if (!wanted)
        throw unknownTag(
            `"${name}" is no image with a tag.`,
            "Write it as REPOSITORY:TAG, as skep registry list does.",
        );
    const { repository, tag } = wanted;
    const image = await standing.progress.step("Asking the registry", () => client.image(repository, tag));
    if (!image) throw unknownTag(`The registry has no image ${name}.`, "skep registry list has all.");
    const users = await usersOf(standing, name);
    if (!(await confirmed(`Delete ${name}${users}?`, options))) return;
    await client.delete(image);
    if (options.json) return printJson({ deleted: summaryOf(image) });
    console.log(`${name} deleted; its layers stay until a garbage collection`);
    printNext(options, "registry gc");
}

/** Removes what no image names. The registry takes no pushes meanwhile, and restarts twice. */
export function gc(options: Options): Promise<void> {
    return onStanding(options, async ({ swarm, hosts, progress }) => {
        const collected = await progress.step("Collecting the registry's garbage", (update) =>
            collectGarbage(swarm, hosts, update),
        );
        if (options.json) return printJson(collected);
        const freed = collected.freed === null ? "" : `, ${readable(Math.max(collected.freed, 0))} freed`;
        console.log(`${collected.removed} layers and manifests removed${freed}`);
    });
}

/** How the private registry of a stack is reached. */
export function accessOf({ registry, registryPassword: password, ca }: Outputs): RegistryAccess {
    return { server: registry.server, user: registry.user, password, ca };
}

async function inRegistry(
    options: Options,
    work: (client: RegistryClient, standing: Standing) => Promise<void>,
): Promise<void> {
    await onStanding(options, async (standing) => {
        const { outputs, hosts, ctx } = standing;
        const all = hosts.map(({ host }) => host);
        const client = await RegistryClient.find(all, accessOf(outputs), ctx.signal);
        try {
            await work(client, standing);
        } finally {
            client.close();
        }
    });
}

function summaryOf({ repository, tag, digest, parts }: TaggedImage) {
    return { repository, tag, digest, bytes: bytesOf(parts) };
}

/** A part of the question: which services use the image, or that nobody can say. */
async function usersOf({ swarm, outputs, progress }: Standing, name: string): Promise<string> {
    const reference = `${outputs.registry.server}/${name}`;
    try {
        const services = await swarm.services({});
        const users = services.filter(
            ({ Spec }) => Spec.TaskTemplate.ContainerSpec?.Image?.split("@")[0] === reference,
        );
        return users.length === 0 ? "" : `, which ${listed(users.map(({ Spec }) => Spec.Name))} uses`;
    } catch (error) {
        if (!(error instanceof SkepError) || swarm.ctx.signal.aborted) throw error;
        progress.note(`It is not known which services use it: ${reasonOf(error)}`);
        return "";
    }
}

function unknownTag(problem: string, advice: string): Error {
    return skepError("TAG_UNKNOWN", problem, advice);
}
