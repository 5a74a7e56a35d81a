// What the program declares, with Pulumi's mocks.

import assert from "node:assert/strict";
import * as pulumi from "@pulumi/pulumi";
import { MockMonitor } from "@pulumi/pulumi/runtime/mocks";
import type { UserStack } from "../../components/user-stacks";
import type { Facts, Rotations } from "../../config/facts";
import { checkSettings } from "../../config/settings";
import { gatewayPorts } from "../../lab/ranges";
import type { PublishedPort } from "../../planning/ports";
import { program } from "../../program";
import { type Props } from "../../providers/runtime/types";
import { fromStruct } from "../../providers/runtime/wire";

/** A resource as the program declares it. */
export interface Declared {
    type: string;
    name: string;
    // The inputs differ by type.
    // eslint-disable-next-line @typescript-eslint/no-explicit-any -- inputs of every type
    inputs: Record<string, any>;
}

export const CONTAINER = "docker:index/container:Container";
/** The container that publishes the ports of swarm stacks. */
export const GATEWAY = "lab-gateway";
/** The key that marks a secret on its way to Pulumi. */
export const SECRET_MARK = "4dabf18193072939515e22adb298388d";
export const SECRET = "1b47061264138c4ac30d75fd1eb44270";

/** The outputs of the real providers that the program reads. */
const OUTPUTS: Record<string, object> = {
    "swarm:index:HostEngine": { mesh: false, esp: false },
    "swarm:index:HostFiles": { engineFiles: 0 },
    "tls:index/privateKey:PrivateKey": {
        publicKeyOpenssh: "ssh-ed25519 AAAA",
        privateKeyOpenssh: "key",
        privateKeyPem: "key",
        privateKeyPemPkcs8: "key",
    },
    "tls:index/selfSignedCert:SelfSignedCert": { certPem: "ca" },
    "tls:index/certRequest:CertRequest": { certRequestPem: "request" },
    "tls:index/locallySignedCert:LocallySignedCert": { certPem: "certificate" },
    "random:index/randomPassword:RandomPassword": { result: "password", bcryptHash: "hash" },
    "swarm:index:Cluster": { clusterId: "cluster", unlockKey: "unlock-key", formerUnlockKeys: [] },
    "swarm:index:HostLogin": { privateKey: "key" },
    "swarm:index:HostKey": { publicKey: "ecdsa-sha2-nistp256 AAAA" },
    "swarm:index:Image": { reference: "registry.skep.internal:5000/image:1" },
    "swarm:index:Node": { nodeId: "node" },
};

export const FACTS: Facts = { packages: { asked: "26.1 1.7", docker: "5:26.1.5", containerd: "1.7.24" } };

/**
 * Everything that the program declares; what components give out goes into `given`, by their types. `rotations`: how often
 * keys were rotated. `stacks`: the user's own stacks.
 */
export async function declare(
    input: Record<string, unknown>,
    preview: boolean,
    given: Record<string, Props> = {},
    standing: Record<string, PublishedPort[]> = {},
    rotations?: Rotations,
    stacks: readonly UserStack[] = [],
): Promise<Declared[]> {
    const registered = MockMonitor.prototype.registerResourceOutputs;
    MockMonitor.prototype.registerResourceOutputs = function (request, callback) {
        given[(request.getUrn() as string).split(/::|\$/).at(-2) ?? ""] = fromStruct(request.getOutputs());
        return registered.call(this, request, callback);
    };
    const { settings, problems } = checkSettings("dev", input);
    assert.ok(settings, JSON.stringify(problems));
    const declared: Declared[] = [];
    await pulumi.runtime.setMocks(
        {
            newResource: ({ type, name, inputs }) => {
                declared.push({ type, name, inputs: inputs as Declared["inputs"] });
                const outputs = { ...inputs, ...OUTPUTS[type] };
                return { id: preview ? undefined : `${name}-id`, state: preview ? inputs : outputs };
            },
            call: () => ({}),
        },
        "skep",
        "dev",
        preview,
    );
    await pulumi.runtime.runInPulumiStack(() =>
        Promise.resolve(
            program({
                stack: "dev",
                project: "here",
                settings: {
                    ...settings,
                    labSubnet: "10.190.0.0/20",
                    labPorts: 21000,
                    packages: { asked: "26.1 1.7", docker: "5:26.1.5", containerd: "1.7.24" },
                },
                images: {
                    host: { ref: "host:1", id: "sha256:h" },
                    gateway: { ref: "gateway:1", id: "sha256:g" },
                    registry: { ref: "registry:1", id: "sha256:r" },
                    web: { ref: "web:1", id: "sha256:w" },
                    client: { ref: "client:1", id: "sha256:c" },
                },
                standing,
                stacks,
                registryKeys: { accessKeyId: "KEY-ID", secretAccessKey: "SECRET-KEY" },
                repository: {
                    url: "file:///srv/packages",
                    fingerprint: "F",
                    mount: { source: "/packages", target: "/srv/packages" },
                },
                facts: { ...FACTS, gateway: gatewayPorts({ ...settings, labPorts: 21000 }, []), rotations },
            }),
        ),
    );
    // Resources are declared after their dependencies, and no output waits for the last ones.
    await pulumi.runtime.disconnect(false);
    MockMonitor.prototype.registerResourceOutputs = registered;
    return declared;
}

/** The declared resources of this type. */
export function ofType(declared: readonly Declared[], type: string): Declared[] {
    return declared.filter((resource) => resource.type === type);
}

/** The containers of hosts. */
export function hostsIn(declared: readonly Declared[]): Declared[] {
    return ofType(declared, CONTAINER).filter(({ name }) => name !== GATEWAY);
}
