// The private registry: a stack like any other, with a certificate of the stack's CA and a password of its own. Its image
// is loaded on the node that runs it, since there is no registry yet to pull it from; all other images are pushed here.

import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
import { Image } from "../providers/sdk/swarm";
import { renderRegistryConfig } from "../planning/registry-config";
import { type Host, hostInput, type ObjectStorage, serverAddresses } from "./host";
import type { Pki } from "./pki";
import { Stack, stackFile } from "./stack";
import type { Swarm } from "./swarm";

/** An image on this machine's engine. */
export interface LocalImage {
    ref: string;
    id: string;
}

/** An image in the registry and on every node. */
export interface PushedImage {
    /** What services call it: known before it is there, so that a node more does not look like another image. */
    reference: string;
    resource: pulumi.Resource;
}

export interface RegistryArgs {
    /** The swarm that it runs on. */
    swarm: Swarm;
    /** Signs its certificate. */
    pki: Pki;
    /** The hosts whose nodes run it, one task on each. */
    hosts: readonly Host[];
    /** How many of those take tasks now. */
    replicas: number;
    /** The name that hosts know it by; no public DNS need know it. */
    name: string;
    /** Where it answers on each of its hosts. */
    port: number;
    /** The only user; the password is random. */
    user: string;
    /** Of the registry itself, on this machine's engine. */
    image: LocalImage;
    /** Where images are kept; by default on a volume of the one host. */
    storage?: ObjectStorage;
}

/** A registry with TLS and a password: 401 without it. */
export class Registry extends pulumi.ComponentResource {
    /** `name:port`, as images are named by. */
    readonly server: string;
    readonly user: string;
    readonly password: pulumi.Output<string>;
    private readonly stack: Stack;
    /** Another text for every place that images can be in. */
    private readonly place: pulumi.Output<string>;

    constructor(name: string, args: RegistryArgs, opts?: pulumi.ComponentResourceOptions) {
        super("skep:index:Registry", name, {}, opts);
        this.server = `${args.name}:${args.port}`;
        this.user = args.user;
        const password = new random.RandomPassword(
            `${name}-password`,
            // 32 letters and digits: more entropy than bcrypt keeps, and nothing that a shell would need quoted.
            { length: 32, special: false },
            { parent: this },
        );
        this.password = password.result;
        const httpSecret = new random.RandomPassword(
            `${name}-http-secret`,
            { length: 48, special: false },
            { parent: this },
        );
        // Hosts have 127.0.0.1 in common.
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
            { parent: this, dependsOn: [args.swarm.cluster], deletedWith: args.swarm.cluster },
        );
        this.stack = new Stack(
            name,
            {
                folder: "registry",
                swarm: args.swarm,
                variables: {
                    REGISTRY_IMAGE: args.image.ref,
                    REGISTRY_PORT: String(args.port),
                    REGISTRY_REPLICAS: String(args.replicas),
                },
                secrets: {
                    certificate: certificate.certificate,
                    key: certificate.privateKey,
                    htpasswd: pulumi.interpolate`${args.user}:${password.bcryptHash}`,
                    config: pulumi
                        .all([httpSecret.result, args.storage])
                        .apply(([secret, storage]) =>
                            renderRegistryConfig(stackFile("registry", "config.yml"), secret, storage),
                        ),
                },
                // The nodes that it is pinned to answer by themselves.
                publish: "host",
                images: [image],
            },
            { parent: this },
        );
        this.registerOutputs();
    }

    /** Pushes a local image under the registry's real name, and lets every node pull it. */
    push(name: string, image: LocalImage, swarm: Swarm): PushedImage {
        const tag = image.ref.split(":").at(-1) ?? "latest";
        const reference = `${this.server}/${name}:${tag}`;
        const resource = new Image(
            `${name}-image`,
            {
                image: image.ref,
                imageId: image.id,
                hosts: swarm.hosts.map(hostInput),
                hostIds: swarm.hosts.map((host) => host.id),
                push: { reference, username: this.user, password: this.password, place: this.place },
            },
            { parent: this, dependsOn: [this.stack.stack], deletedWith: swarm.cluster },
        );
        return { reference, resource };
    }
}

function placeOf({ hosts, storage }: RegistryArgs): pulumi.Output<string> {
    return storage
        ? pulumi.interpolate`s3://${storage.bucket}/${storage.prefix} ${storage.endpoint ?? ""}`
        : pulumi.interpolate`${hosts[0]?.id ?? ""}`;
}
