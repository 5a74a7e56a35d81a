// The private registry: a swarm stack like any other, with a certificate of the stack's CA and its own password. Skep loads
// its image directly on its nodes, because no registry runs yet; Skep pushes all other images to it.

import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
import type { Rotations } from "../config/facts";
import { type Build, Image } from "../providers/sdk/swarm";
import { renderRegistryConfig } from "../planning/registry-config";
import { type Host, hostInput, type ObjectStorage, serverAddresses } from "./host";
import type { Pki } from "./pki";
import { ownFile, Stack, stackFile } from "./stack";
import type { Swarm } from "./swarm";

/** An image on this machine's engine. */
export interface LocalImage {
    ref: string;
    id: string;
    /** How it is built when the engine does not have it. `id` is then a hash of all that it is built from. */
    build?: Build;
}

/** An image in the registry and on every node. */
export interface PushedImage {
    /** The name that services use. It is known before the push, so a new node does not change the services. */
    reference: string;
    resource: pulumi.Resource;
}

export interface RegistryArgs {
    /** The swarm that it runs on. */
    swarm: Swarm;
    /** What has to come first: the engines of the swarm change before anything runs on them. */
    after: pulumi.Resource;
    /** Signs its certificate. */
    pki: Pki;
    /** The hosts that run it, one task on each. */
    hosts: readonly Host[];
    /** The number of those hosts that take tasks now. */
    replicas: number;
    /** The name under which hosts find it; it needs no public DNS record. */
    name: string;
    /** Its port on each of its hosts. */
    port: number;
    /** The user; the password is random. A rotated password has a user of its own: `skep-2`. */
    user: string;
    /** How often the password was rotated. The one before the last rotation stays valid until it is ended. Default: never. */
    rotations?: Rotations;
    /** The registry's own image on this machine's engine. */
    image: LocalImage;
    /** Whether its network is encrypted. */
    encrypted: pulumi.Input<boolean>;
    /** Where it keeps images. Default: a volume of its only host. */
    storage?: ObjectStorage;
}

/** A registry with TLS; it answers requests without the password with 401. */
export class Registry extends pulumi.ComponentResource {
    /** `name:port`, the first part of the names of its images. */
    readonly server: string;
    /** The present user: another one after each rotation of the password. */
    readonly user: string;
    readonly password: pulumi.Output<string>;
    private readonly stack: Stack;
    /** A text that is different for every place where images can be. */
    private readonly place: pulumi.Output<string>;

    constructor(name: string, args: RegistryArgs, opts?: pulumi.ComponentResourceOptions) {
        super("skep:index:Registry", name, {}, opts);
        this.server = `${args.name}:${args.port}`;
        const { registryPassword: number = 0, endedRegistryPasswords: ended = 0 } = args.rotations ?? {};
        const present = this.login(name, args.user, number);
        this.user = present.user;
        this.password = present.password.result;
        const logins = number > ended ? [present, this.login(name, args.user, number - 1)] : [present];
        const httpSecret = new random.RandomPassword(
            `${name}-http-secret`,
            { length: 48, special: false },
            { parent: this },
        );
        // All hosts list 127.0.0.1.
        const addresses = [...new Set(args.hosts.flatMap(serverAddresses))];
        const certificate = args.pki.server("registry", [args.name, "localhost"], addresses);
        this.place = placeOf(args);
        const image = new Image(
            `${name}-image`,
            {
                image: args.image.ref,
                imageId: args.image.id,
                hosts: args.hosts.map(hostInput),
                hostIds: args.hosts.map(({ id }) => id),
            },
            { parent: this, dependsOn: [args.after], deletedWith: args.swarm.cluster },
        );
        this.stack = new Stack(
            name,
            {
                file: ownFile("registry"),
                isOwn: true,
                swarm: args.swarm,
                variables: {
                    REGISTRY_IMAGE: args.image.ref,
                    REGISTRY_PORT: String(args.port),
                    REGISTRY_REPLICAS: String(args.replicas),
                },
                secrets: {
                    certificate: certificate.certificate,
                    key: certificate.privateKey,
                    htpasswd: pulumi
                        .all(
                            logins.map(
                                ({ user, password }) => pulumi.interpolate`${user}:${password.bcryptHash}`,
                            ),
                        )
                        .apply((lines) => lines.join("\n")),
                    config: pulumi
                        .all([httpSecret.result, args.storage])
                        .apply(([secret, storage]) =>
                            renderRegistryConfig(stackFile("registry", "config.yml"), secret, storage),
                        ),
                },
                // Only the nodes that run it must answer, and without the mesh.
                publish: "host",
                encrypted: args.encrypted,
                images: [image],
            },
            { parent: this },
        );
        this.registerOutputs();
    }

    /** A user with a random password. A file of passwords has one of each user, so every rotation has its own user. */
    private login(name: string, user: string, number: number) {
        const suffix = number === 0 ? "" : `-${number + 1}`;
        const password = new random.RandomPassword(
            `${name}-password${suffix}`,
            // 32 letters and digits have more entropy than bcrypt keeps, and need no quotes in a shell.
            { length: 32, special: false },
            { parent: this },
        );
        return { user: `${user}${suffix}`, password };
    }

    /** Pushes a local image to the registry, and makes every node pull it. */
    push(name: string, image: LocalImage, swarm: Swarm): PushedImage {
        const reference = pushedReference(this.server, name, image);
        const resource = new Image(
            `${name}-image`,
            {
                image: image.ref,
                imageId: image.id,
                hosts: swarm.hosts.map(hostInput),
                hostIds: swarm.hosts.map((host) => host.id),
                push: { reference, username: this.user, password: this.password, place: this.place },
                build: image.build,
            },
            { parent: this, dependsOn: [this.stack.stack], deletedWith: swarm.cluster },
        );
        return { reference, resource };
    }
}

/** The reference of a local image that was pushed to the registry `server`, a name and a port. */
export function pushedReference(server: string, name: string, { ref }: LocalImage): string {
    return `${server}/${name}:${ref.split(":").at(-1) ?? "latest"}`;
}

function placeOf({ hosts, storage }: RegistryArgs): pulumi.Output<string> {
    return storage
        ? pulumi.interpolate`s3://${storage.bucket}/${storage.prefix} ${storage.endpoint ?? ""}`
        : pulumi.interpolate`${hosts[0]?.id ?? ""}`;
}
