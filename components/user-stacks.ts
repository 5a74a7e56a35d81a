// The user's own stacks: their images are built and pushed to the private registry, then their compose files are deployed.

import * as pulumi from "@pulumi/pulumi";
import { LOGINS, SECRETS } from "../config/stacks";
import type { PublishMode } from "../planning/compose";
import type { LocalImage, Registry } from "./registry";
import { type ComposeFile, Stack } from "./stack";
import type { Swarm } from "./swarm";

/** An image that is built when a host first needs it. */
export type BuiltImage = Required<LocalImage>;

/** A stack of the user's, read and checked. */
export interface UserStack {
    name: string;
    file: ComposeFile;
    /** All variables that its file may use. */
    variables: Readonly<Record<string, string>>;
    /** Its services with `build:`, and what each is built from. */
    images: Readonly<Record<string, BuiltImage>>;
    /** Names of secret settings by the names of the file's secrets. */
    secrets: Readonly<Record<string, string>>;
    /** Registries beside the private one whose logins are secret settings. */
    registries: readonly string[];
    timeoutSeconds: number;
    /** The TCP ports that it publishes. */
    ports: readonly number[];
}

export interface UserStacksArgs {
    stacks: readonly UserStack[];
    swarm: Swarm;
    /** The private registry, which has the images that were built. */
    registry: Registry;
    /** How services publish ports. */
    publish: pulumi.Input<PublishMode>;
    /** Whether networks are encrypted. */
    encrypted: pulumi.Input<boolean>;
    /** Whether Skep spreads tasks again when other nodes have fewer. */
    rebalance: boolean;
}

/** The images that a stack's services are built to, and their names in the private registry. */
export function namedImages({ name, images }: Pick<UserStack, "name" | "images">) {
    return Object.entries(images).map(([service, image]) => ({
        service,
        image,
        pushedAs: `${name}-${service}`,
    }));
}

/** Declares all of them. */
export function userStacks({ stacks, swarm, registry, publish, encrypted, rebalance }: UserStacksArgs): void {
    const config = new pulumi.Config();
    const given = pulumi.output(config.getSecretObject<Record<string, string>>(SECRETS));
    const logins = pulumi.output(config.getSecretObject<Record<string, string>>(LOGINS));
    for (const { name, file, variables, images, secrets, registries, timeoutSeconds } of stacks) {
        const pushed = namedImages({ name, images }).map(({ service, pushedAs, image }) => ({
            service,
            ...registry.push(pushedAs, image, swarm),
        }));
        const others = registries.map((server) => [server, loginOf(logins, server)]);
        new Stack(name, {
            file,
            swarm,
            variables,
            built: Object.fromEntries(pushed.map(({ service, reference }) => [service, reference])),
            secrets: given.apply((all = {}) =>
                Object.fromEntries(
                    Object.entries(secrets).map(([secret, setting]) => [secret, all[setting] ?? ""]),
                ),
            ),
            publish,
            encrypted,
            registryAuth: {
                [registry.server]: { username: registry.user, password: registry.password },
                ...Object.fromEntries(others),
            },
            rebalance,
            timeoutSeconds,
            images: pushed.map(({ resource }) => resource),
        });
    }
}

/** The login `USER:PASSWORD` of a registry, all of it secret. A password may have colons. */
function loginOf(logins: pulumi.Output<Record<string, string> | undefined>, server: string) {
    const part = (number: 0 | 1) =>
        logins.apply((all = {}) => (all[server] ?? "").split(/:(.*)/s)[number] ?? "");
    return { username: part(0), password: part(1) };
}
