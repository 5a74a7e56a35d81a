// `skep backup`: makes a backup of a swarm that stands.

import { skepError } from "../../errors";
import type { Candidate } from "../../planning/recovery/saves";
import { readable } from "../../planning/registry-images";
import { listed } from "../../planning/sentence";
import { ELECTION_MS } from "../../swarm/swarm";
import { unlockAll } from "../../swarm/unlock";
import { type PlaceOptions, placeOf } from "../backup/find";
import { type Recipient, recipientOf } from "../backup/identity";
import { type Made, makeBackup, managersToSave } from "../backup/make";
import type { Store } from "../backup/store";
import { BACKUP_KEY_FILE } from "../../config/folders";
import { confirmed } from "../confirm";
import { printJson, printNext } from "../print";
import { knownKeys } from "../stack/outputs";
import { onStanding, type Standing } from "../stack/standing";
import { wrapped } from "../text";

export interface BackupOptions extends PlaceOptions {
    /** Every manager is copied. */
    all?: boolean;
    /** One manager is copied. */
    one?: boolean;
    /** The registry's images too. */
    registry?: boolean;
    /** How many backups of the stack stay. */
    keep?: number;
    /** For whom it is encrypted, instead of the project's own key. */
    recipient?: string;
}

/** Makes a backup. Opens managers that are locked before. Throws what keeps a manager from being copied. */
export function create(options: BackupOptions): Promise<void> {
    return onStanding(options, (standing) => createOf(standing, options));
}

/** The same of a swarm that is found. */
export async function createOf(standing: Standing, options: BackupOptions): Promise<void> {
    const { outputs, progress } = standing;
    const { settings, store } = await placeOf(options);
    const { backup, drainTimeout } = settings;
    const registry = options.registry ?? backup.registry;
    if (registry) refuseBucket(settings);
    const recipient = await recipientOf(options.recipient ?? backup.recipient);
    if (recipient.isNew) sayKey(recipient);
    // Outlasts elections: managers restart.
    const swarm = standing.swarm.during({ patienceMs: ELECTION_MS, drainMs: drainTimeout * 1000 });
    const hosts = standing.hosts.map(({ host }) => host);
    await progress.step("Looking for locked managers", () => unlockAll(hosts, knownKeys(outputs), swarm));
    const share = options.all ? "all" : options.one ? "one" : backup.managers;
    const managers = await managersToSave(swarm, share);
    const stops = stopsOf(managers);
    const isOnly = managers.length === 1 && managers.every(({ leader }) => leader);
    if (isOnly && !(await confirmed(`${stops} Go on?`, options))) return;
    if (!isOnly && stops !== "") progress.note(stops);
    const keep = options.keep ?? backup.keep;
    const made = await makeBackup(standing, swarm, { managers, registry, store, recipient, keep });
    if (options.json) return printJson(summaryOf(made, store, recipient));
    if (options.quiet) return console.log(made.name);
    console.log(madeLines(made, store).join("\n"));
    printNext(options, "backup verify");
}

/** Tells the key once. It goes to standard error, even with --quiet: nobody else has it yet. */
function sayKey({ identity, recipient }: Recipient): void {
    process.stderr.write(
        [
            `The key of this project's backups was made, and is kept in ${BACKUP_KEY_FILE}:`,
            ...[`  ${identity}`, `  (public key: ${recipient})`],
            "Keep it somewhere else too: without it no backup opens. It is shown only now.",
            "",
        ].join("\n"),
    );
}

/** Says what stops while the managers are copied; empty if other managers and nodes take over. */
export function stopsOf(managers: readonly Candidate[]): string {
    const [only] = managers;
    const isOnly = managers.length === 1 && only?.leader === true;
    const withRegistry = managers.filter(({ hasRegistry }) => hasRegistry).map(({ name }) => name);
    const parts = [
        ...(isOnly
            ? [
                  `${only.name} is the only manager that can be copied: nothing can be changed while its engine stops, about 15 seconds.`,
              ]
            : []),
        ...(withRegistry.length > 0
            ? [
                  `The registry on ${listed(withRegistry)} stops while that host is copied; nothing is pulled or pushed meanwhile.`,
              ]
            : []),
    ];
    return parts.join(" ");
}

function madeLines({ name, bytes, manifest, opened, removed }: Made, { where }: Store): string[] {
    const { managers, registry } = manifest;
    const names = listed(managers.map((manager) => manager.name));
    const images = registry === undefined ? "" : `, and ${readable(registry.bytes)} of the registry's images`;
    const read = opened ? "read back and opened" : "read back; this machine has no key to open it";
    return [
        ...wrapped(`${name} in ${where}: ${readable(bytes)}, ${read}`, 0),
        ...wrapped(`It has the data of ${names}${images}.`, 0),
        ...(removed.length > 0 ? wrapped(`Removed: ${listed(removed)}`, 0) : []),
    ];
}

function summaryOf({ name, bytes, manifest, opened, removed }: Made, { where }: Store, key: Recipient) {
    return {
        ...{ name, where, bytes, made: manifest.made, opened },
        managers: manifest.managers.map((manager) => ({ name: manager.name, at: manager.at })),
        registry: manifest.registry === undefined ? null : { bytes: manifest.registry.bytes },
        recipient: key.recipient,
        removed,
    };
}

/** Throws BACKUP_NO_VOLUME if the registry keeps its images in a bucket. */
export function refuseBucket({
    registry,
    aws,
}: {
    registry: { s3?: unknown };
    aws?: { registryStorage?: string };
}): void {
    if (registry.s3 === undefined && aws?.registryStorage !== "s3") return;
    throw skepError(
        "BACKUP_NO_VOLUME",
        "The registry's images are in a bucket: there is no volume to save.",
        "Leave out --registry and skep:backup.registry; a bucket has versions and copies of its own.",
    );
}
