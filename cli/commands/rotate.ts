// `skep rotate`: makes one key or certificate anew, in a run of Pulumi that may change only what has to do with it. The
// swarm, the state and the outputs agree when it ends.

import { SkepError, skepError } from "../../errors";
import type { Rotations } from "../../config/facts";
import type { Deployment, StateResource } from "../../config/state";
import { listed } from "../../planning/sentence";
import { untilTrusted } from "../../swarm/rotate/ca";
import { untilConfirmed } from "../../swarm/rotate/key-file";
import { confirmed } from "../confirm";
import type { Options } from "../options";
import { ready } from "../prepare";
import { plainOutputs, printJson, printNext } from "../print";
import { operate, settle } from "../pulumi/operate";
import { partsOfUrn } from "../pulumi/steps";
import { openStack } from "../pulumi/workspace";
import { writeClientFiles } from "../stack/client-files";
import type { Outputs } from "../stack/outputs";
import { stackDown, type Standing, withSwarm } from "../stack/standing";

/** What can be rotated, as it is typed. */
export type Rotated =
    | "unlock-key"
    | "join-tokens"
    | "ca"
    | "registry-password"
    | "registry-certificate"
    | "client-certificate"
    | "ssh-key";

export interface RotateOptions extends Options {
    /** Ends the password or the key before, and makes no new one. */
    endFormer?: boolean;
}

interface Rotation {
    /** What is rotated, for messages. */
    what: string;
    /** How the facts change. Default: `replaced` rotates it. */
    rotate?: (rotations: Rotations) => Rotations;
    /** The resource that is made anew, by its name in the program. */
    replaced?: string;
    /** Names in the program of the resources that may change; a star stands for any end of a name. Default: all may. */
    changes?: readonly string[];
    /** What the command waits for after the run. Returns the managers that have still to confirm. Default: nothing. */
    after?(standing: Standing): Promise<string[]>;
    /** What a user should know afterwards. */
    says: string;
    /** The command to type next. */
    next: string;
}

const CLUSTER = ["swarm-cluster"];
const PASSWORD = ["registry-password*", "*-stack", "*-image"];

/** What is before the last rotation, and ends. */
const ENDED: Partial<Record<Rotated, Rotation>> = {
    "registry-password": {
        what: "the registry's list of passwords",
        rotate: (rotations) => ({ ...rotations, endedRegistryPasswords: rotations.registryPassword ?? 0 }),
        changes: PASSWORD,
        says: "The registry takes the present password only.",
        next: "check registry",
    },
    "ssh-key": {
        what: "the hosts' lists of login keys",
        rotate: (rotations) => ({ ...rotations, endedSshKeys: rotations.sshKey ?? 0 }),
        changes: ["*-login"],
        says: "All hosts take the present login key only.",
        next: "status",
    },
};

function oneMore(key: keyof Rotations): (rotations: Rotations) => Rotations {
    return (rotations) => ({ ...rotations, [key]: (rotations[key] ?? 0) + 1 });
}

const ROTATIONS: Record<Rotated, Rotation> = {
    "unlock-key": {
        what: "the unlock key",
        rotate: oneMore("unlockKey"),
        changes: CLUSTER,
        after: ({ swarm, outputs, progress }) =>
            progress.step("Asking every manager for the new key", () =>
                untilConfirmed(swarm, outputs.unlockKey),
            ),
        says: "The unlock key is new. Keep it somewhere else too.",
        next: "key show",
    },
    "join-tokens": {
        what: "the join tokens",
        rotate: oneMore("joinTokens"),
        changes: CLUSTER,
        says: "Both join tokens are new; the former ones admit nobody. Members stay as they are.",
        next: "token show",
    },
    ca: {
        what: "the swarm's certificate authority",
        rotate: oneMore("ca"),
        changes: CLUSTER,
        async after({ swarm, progress }) {
            await progress.step("Waiting for every node's new certificate", (update) =>
                untilTrusted(swarm, update),
            );
            return [];
        },
        says: "The swarm has a new certificate authority, every node a new certificate, and both join tokens are new.",
        next: "check",
    },
    "registry-password": {
        what: "the registry's password",
        rotate: oneMore("registryPassword"),
        changes: PASSWORD,
        says: "The registry takes a new user's password. It takes the one before too, which your own services still have: log in again, deploy them again, and then run this command with --end-former.",
        next: "registry login",
    },
    "registry-certificate": {
        what: "the registry's certificate",
        replaced: "pki-registry-key",
        changes: ["pki-registry-key", "pki-registry-request", "pki-registry", "registry-stack"],
        says: "The registry shows a new certificate of the same authority.",
        next: "check registry certificates",
    },
    "client-certificate": {
        what: "the client's certificate",
        replaced: "pki-client-key",
        changes: ["pki-client-key", "pki-client-request", "pki-client"],
        says: "The files for clients have a new certificate. The former one stays valid until its end, since engines read no list of revoked ones.",
        next: "context",
    },
    "ssh-key": {
        what: "the login key",
        rotate: oneMore("sshKey"),
        says: "All hosts take the new login key, which ssh-key among the files for clients has.",
        next: "status",
    },
};

/**
 * Makes a key or a certificate anew. Throws STACK_DOWN, ROTATE_FIRST_UP if the settings ask for more, KEY_NONE if there is
 * no unlock key, and CA_ROTATION_WAITS if nodes are missing.
 */
export async function rotate(rotated: Rotated, options: RotateOptions): Promise<void> {
    const rotation = rotationOf(rotated, options);
    const { what, replaced, changes, after } = rotation;
    const work = await ready(options, rotation.rotate);
    const { progress, tools, program, settings } = work;
    if (!work.hasSwarm) throw await stackDown(options.stack);
    refuseRotation(rotated, { hasFacts: work.hasFacts, autolock: settings.autolock });
    const asks = process.stdin.isTTY && !options.yes;
    if (asks && !(await confirmed(`Make ${what} anew?`, options))) return;
    const { stack, sizes } = await openStack(options, tools, program);
    if (work.hasPending) await settle(stack, progress);
    const { resources = [] } = (await stack.exportStack()).deployment as Deployment;
    const targets = resources.flatMap(({ urn, type }) =>
        type.startsWith("skep:hosts:") || type === "pulumi:pulumi:Stack" ? [urn] : [],
    );
    const target = changes && [...targets, ...changes.flatMap((name) => urnsOf(name, resources))];
    const replace = replaced === undefined ? undefined : urnsOf(replaced, resources);
    await work.keepFacts();
    const outcome = await progress.step(`Rotating ${what}`, (update) =>
        operate(stack, "up", progress, { update, sizes, target, replace }),
    );
    const outputs = plainOutputs(outcome.outputs ?? {}) as unknown as Outputs;
    await writeClientFiles(options.stack, outputs);
    const late = outcome.left.filter(({ id }) => id === "HOST_LOGIN_KEPT");
    if (rotated === "ssh-key" && !options.endFormer) {
        // Every host has proved the new key, and the state has it everywhere: now the one before can end.
        if (late.length === 0) return rotate(rotated, { ...options, endFormer: true });
        throw new SkepError(late.map(({ id, reason }) => ({ id, problem: reason, advice: "" })));
    }
    printRotated(rotated, after ? await withSwarm(options.stack, outputs, progress, after) : [], options);
}

function rotationOf(rotated: Rotated, { endFormer }: RotateOptions): Rotation {
    return (endFormer && ENDED[rotated]) || ROTATIONS[rotated];
}

/**
 * The URNs of resources of this name. A name may begin or end with a star: with one at its end it also stands for resources
 * that are yet to be made.
 */
function urnsOf(name: string, resources: readonly StateResource[]): string[] {
    const plain = name.replace(/^\*|\*$/g, "");
    const found = resources.flatMap(({ urn }) => {
        const own = partsOfUrn(urn).name;
        if (name.startsWith("*")) return own.replace(/-\d+$/, "").endsWith(plain) ? [urn] : [];
        if (!name.endsWith("*")) return own === name ? [urn] : [];
        return own.startsWith(plain) ? [urn.slice(0, urn.length - own.length) + name] : [];
    });
    return [...new Set(found)];
}

/** Prints what was rotated, and which managers have still to confirm it. */
export function printRotated(rotated: Rotated, waitsFor: readonly string[], options: RotateOptions): void {
    if (options.json) return printJson({ rotated, waitsFor });
    const { says, next } = rotationOf(rotated, options);
    console.log(says);
    if (waitsFor.length > 0) console.log(keptFor(waitsFor));
    printNext(options, next);
}

function keptFor(managers: readonly string[]): string {
    const [has, opens] = managers.length === 1 ? ["has", "it"] : ["have", "them"];
    return `${listed(managers)} ${has} not confirmed it. The stack keeps the key before: up and unlock open ${opens} with that.`;
}

/** Throws why nothing can be rotated now: KEY_NONE without autolock, ROTATE_FIRST_UP while the settings ask for more. */
export function refuseRotation(
    rotated: Rotated,
    { hasFacts, autolock }: { hasFacts: boolean; autolock: boolean },
): void {
    if (!hasFacts)
        throw skepError(
            "ROTATE_FIRST_UP",
            "The settings ask for something that no up has done yet, and a rotation changes nothing else.",
            "Run up, then rotate.",
        );
    if (rotated === "unlock-key" && !autolock)
        throw skepError(
            "KEY_NONE",
            "The swarm has no unlock key: its managers are not locked.",
            "Set skep:autolock: true and run up.",
        );
}
