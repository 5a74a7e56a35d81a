// Makes a backup: managers one after another, then everything else, into one archive that is read back.

import { createHash } from "node:crypto";
import { Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { version } from "../../package.json";
import { skepError } from "../../errors";
import type { SwarmService } from "../../planning/engine-api";
import { memberOf } from "../../planning/membership";
import { archiveName, LAST_BACKUP, superfluous } from "../../planning/recovery/archives";
import type { BackupManifest } from "../../planning/recovery/manifest";
import { type Candidate, chooseSaves, type Share } from "../../planning/recovery/saves";
import { REGISTRY_LABEL } from "../../planning/status";
import type { Host } from "../../swarm/host";
import { inventoryOf } from "../../swarm/recovery/inventory";
import { saveManager } from "../../swarm/recovery/save";
import { whileReadOnly } from "../../swarm/registry-gc";
import type { Swarm } from "../../swarm/swarm";
import type { Standing, StandingHost } from "../stack/standing";
import { type ArchiveContent, openArchive, writeArchive } from "./archive";
import type { Recipient } from "./identity";
import type { Store } from "./store";

/** The registry's images in its task: stacks/registry/compose.yaml. */
const IMAGES = "/var/lib/registry";

/** What a backup is made of, and where it goes. */
export interface BackupPlan {
    /** In their order. */
    managers: readonly Candidate[];
    registry: boolean;
    store: Store;
    recipient: Recipient;
    /** How many backups stay; undefined for all. */
    keep?: number;
}

/** A backup that was written and read back. */
export interface Made {
    name: string;
    bytes: number;
    manifest: BackupManifest;
    /** Whether it was opened too, not only compared: this machine may not have its key. */
    opened: boolean;
    /** Older backups that went. */
    removed: string[];
}

/** The managers that a backup of this share copies, in their order. */
export async function managersToSave(swarm: Swarm, share: Share): Promise<Candidate[]> {
    const nodes = await swarm.members();
    const candidates = nodes
        .filter(({ ManagerStatus }) => ManagerStatus !== undefined)
        .map((node) => ({
            ...memberOf(node),
            hasRegistry: node.Spec.Labels?.[REGISTRY_LABEL] === "true",
        }));
    return chooseSaves(candidates, share);
}

/** Makes the backup. Throws before anything is written if a manager cannot be copied, and leaves no half archive. */
export async function makeBackup(standing: Standing, swarm: Swarm, plan: BackupPlan): Promise<Made> {
    const { stack, outputs, progress, ctx } = standing;
    const { store, recipient, keep } = plan;
    const name = archiveName(stack, new Date());
    const unlockKey = await swarm.unlockKey();
    const { engines, ...inventory } = await inventoryOf(swarm);
    const managers: ArchiveContent["managers"][number][] = [];
    for (const { id, name: manager } of plan.managers) {
        const { host } = hostOf(standing, id, manager);
        const { at, folder } = await progress.step(`Saving ${manager}`, () => saveManager(swarm, host));
        const { address } = host;
        const saved = { name: manager, nodeId: id, address, engine: engines.get(id) ?? "", at };
        managers.push({ saved, data: folder });
    }
    if ((await swarm.unlockKey()) !== unlockKey) throw keyChanged();
    const about = { skep: version, stack, clusterId: outputs.clusterId, ...inventory };
    const content = { about, unlockKey, managers };
    const written = await progress.step(`Writing ${name}`, (update) =>
        plan.registry
            ? whileReadOnly(swarm, standing.hosts, update, async (host, service) => {
                  update(`saving the registry's images from ${host.name}`);
                  const registry = await imagesOf(host, service, swarm);
                  return write(name, { ...content, registry }, plan, ctx.signal);
              })
            : write(name, content, plan, ctx.signal),
    );
    await progress.step(`Reading ${name} back`, () => readBack(name, written.sha256, plan, ctx.signal));
    await swarm.update((spec) => ({
        ...spec,
        Labels: { ...spec.Labels, [LAST_BACKUP]: written.manifest.made },
    }));
    const opened = recipient.identity !== undefined;
    const removed = await removeOld(store, name, keep);
    return { name, bytes: written.bytes, manifest: written.manifest, opened, removed };
}

function hostOf({ hosts, stack }: Standing, nodeId: string, name: string): StandingHost {
    const found = hosts.find((host) => host.nodeId === nodeId) ?? hosts.find((host) => host.name === name);
    if (found) return found;
    throw skepError(
        "MEMBER_UNKNOWN",
        `The manager ${name} is no host of the stack "${stack}".`,
        "Run up, then the backup again.",
    );
}

type Images = NonNullable<ArchiveContent["registry"]>;

/** The registry's images as its task on this host has them, as a tar. */
async function imagesOf({ connection, name }: Host, service: SwarmService, swarm: Swarm): Promise<Images> {
    const tasks = await swarm.tasks({ service: [service.ID] });
    const running = tasks.find(({ Status }) => Status?.State === "running");
    const container = running?.Status?.ContainerStatus?.ContainerID ?? "";
    const mounts = service.Spec.TaskTemplate.ContainerSpec?.Mounts ?? [];
    const volume = mounts.find(({ Target }) => Target === IMAGES)?.Source ?? "";
    const path = `/containers/${container}/archive?path=${encodeURIComponent(IMAGES)}`;
    return { host: name, volume, images: await connection.stream(path, swarm.ctx.signal) };
}

interface Written {
    manifest: BackupManifest;
    bytes: number;
    sha256: string;
}

async function write(
    name: string,
    content: ArchiveContent,
    { store, recipient }: BackupPlan,
    signal: AbortSignal,
): Promise<Written> {
    return store.write(name, async (to) => {
        const counted = new Counted();
        // Each of the two ends the other when it fails.
        const copied = pipeline(counted, to, { signal });
        const written = writeArchive(content, [recipient.recipient], counted);
        const [manifest] = await orCancelled(Promise.all([written, copied]), signal);
        return { manifest, ...counted.result() };
    });
}

/** Throws BACKUP_DAMAGED if the file is not, byte for byte, what was written, or if its key does not open it. */
async function readBack(
    name: string,
    sha256: string,
    { store, recipient: { identity } }: BackupPlan,
    signal: AbortSignal,
): Promise<void> {
    const counted = new Counted();
    const copied = pipeline(await store.read(name), counted, { signal });
    const opened = identity === undefined ? counted.resume() : openArchive(counted, [identity]);
    await orCancelled(Promise.all([opened, copied]), signal);
    if (counted.result().sha256 === sha256) return;
    throw skepError(
        "BACKUP_DAMAGED",
        `${name} in ${store.where} is not what was written there.`,
        "Look at that disk or bucket, and make another backup.",
    );
}

async function orCancelled<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
    return work.catch((error: unknown) => {
        if (!signal.aborted) throw error;
        throw skepError(
            "CANCELLED",
            "Interrupted while the backup was written or read back.",
            "Run the same command again.",
        );
    });
}

async function removeOld(store: Store, name: string, keep: number | undefined): Promise<string[]> {
    if (keep === undefined) return [];
    const names = (await store.list()).map((each) => each.name);
    const old = superfluous(names, name, keep);
    for (const each of old) await store.remove(each);
    return old;
}

/** Passes everything on, and knows how much it was. */
class Counted extends Transform {
    private readonly hash = createHash("sha256");
    private bytes = 0;

    override _transform(chunk: Buffer, _: unknown, done: (error: null, chunk: Buffer) => void): void {
        this.hash.update(chunk);
        this.bytes += chunk.length;
        done(null, chunk);
    }

    result(): { bytes: number; sha256: string } {
        return { bytes: this.bytes, sha256: this.hash.digest("hex") };
    }
}

function keyChanged(): Error {
    return skepError(
        "BACKUP_KEY_CHANGED",
        "The unlock key was changed while managers were copied, so the copies have different keys.",
        "Run the backup again.",
    );
}
