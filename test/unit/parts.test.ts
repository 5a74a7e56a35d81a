// The parts of a stack: whatever the program makes belongs to one of them.

import assert from "node:assert/strict";
import * as pulumi from "@pulumi/pulumi";
import { MockMonitor } from "@pulumi/pulumi/runtime/mocks";
import { Declared } from "../../cli/pulumi/declared";
import { partsOfUrn } from "../../cli/pulumi/steps";
import { sizesIn } from "../../cli/pulumi/sizes";
import { checkSettings } from "../../config/settings";
import { gatewayPorts } from "../../lab/ranges";
import { countOf, type Part, partOf, PARTS, pastOf, subjectOf } from "../../planning/parts";
import { program } from "../../program";

const LAB = { hosts: "lab" };
const AWS = {
    hosts: "aws",
    aws: {
        region: "eu-central-1",
        adminCidrs: ["203.0.113.7/32"],
        network: { subnets: "private", nat: "zone" },
        loadBalancer: true,
        registryStorage: "s3",
    },
};
const IMAGE = { ref: "image:1", id: "sha256:1" };
const PACKAGES = { asked: "26.1 1.7", docker: "5:26.1.5", containerd: "1.7.24" };
const ZONES = ["eu-central-1a", "eu-central-1b", "eu-central-1c"];

/** What Pulumi's mocks name resources with. Their types keep it private. */
const Monitor = MockMonitor as unknown as {
    prototype: { newUrn(parent: string, type: string, name: string): string };
};

/** What components read of any resource. */
const OUTPUTS = Object.fromEntries(
    [
        ...["publicKeyOpenssh", "privateKeyOpenssh", "privateKeyPem", "privateKeyPemPkcs8", "publicKey"],
        ...["certPem", "certRequestPem", "result", "bcryptHash", "clusterId", "unlockKey", "nodeId"],
        ...["reference", "arn", "dnsName", "privateIp", "publicIp", "bucket", "name", "mesh"],
    ].map((name) => [name, "given"]),
);

interface Registered {
    urn: string;
    custom: boolean;
}

/** Everything that the program registers with these settings, and how large it says its parts are. */
async function declare(input: Record<string, unknown>) {
    const { settings, problems } = checkSettings("test", input);
    assert.ok(settings, JSON.stringify(problems));
    const registered: Registered[] = [];
    const typesOf = new Map<string, string[]>();
    const { newUrn } = Monitor.prototype;
    Monitor.prototype.newUrn = function (parent, type, name) {
        const urn = newUrn.call(this, parent, type, name);
        // These URNs have a parent's type only, and Pulumi's own have the types of all components.
        const types = [...(typesOf.get(parent) ?? []), ...(type === "pulumi:pulumi:Stack" ? [] : [type])];
        typesOf.set(urn, types);
        registered.push({
            urn: `urn:pulumi:test::skep::${types.join("$")}::${name}`,
            custom: !/^(skep|pulumi):/.test(type),
        });
        return urn;
    };
    await pulumi.runtime.setMocks(
        {
            newResource: ({ name, inputs }) => ({
                id: `${name}-id`,
                state: { ...inputs, ...OUTPUTS },
            }),
            call: ({ token }) =>
                token.includes("getAmi") ? { id: "ami-0000000000000001a" } : { names: ZONES, id: "r" },
        },
        "skep",
        "test",
        false,
    );
    const declared = new Declared();
    const ready = { ...settings, labSubnet: "10.190.0.0/20", labPorts: 21000, packages: PACKAGES };
    await pulumi.runtime.runInPulumiStack(() =>
        Promise.resolve(
            declared.run(() =>
                program({
                    stack: "test",
                    project: "here",
                    settings: ready,
                    images: { host: IMAGE, gateway: IMAGE, registry: IMAGE, web: IMAGE, client: IMAGE },
                    repository: { url: "https://example.org", fingerprint: "F" },
                    stacks: [],
                    facts: { packages: PACKAGES, gateway: gatewayPorts(ready, []) },
                }),
            ),
        ),
    );
    await pulumi.runtime.disconnect(false);
    Monitor.prototype.newUrn = newUrn;
    return { registered, sizes: declared.sizes() };
}

for (const [where, input] of [
    ["in a lab", LAB],
    ["on EC2", AWS],
] as const)
    describe(`Everything that the program makes ${where}`, function () {
        this.timeout(60_000);
        let made: Awaited<ReturnType<typeof declare>>;
        before(async () => (made = await declare(input)));

        it("belongs to a part of the stack", () => {
            const lost = made.registered
                .map(({ urn }) => partsOfUrn(urn).types)
                .filter(
                    (types) =>
                        types.length > 0 &&
                        !types.at(-1)!.startsWith("pulumi:") &&
                        partOf(types) === undefined,
                );
            assert.deepEqual(lost, []);
            assert.ok(made.registered.length > 80);
        });

        it("is counted while the program declares it, as the state has it later", () => {
            assert.deepEqual(made.sizes, sizesIn(made.registered));
            const missing: Part[] = where === "on EC2" ? ["Gateway"] : ["Load balancer"];
            assert.deepEqual(
                PARTS.filter((part) => !made.sizes.has(part)),
                missing,
            );
        });
    });

describe("A part of a stack", () => {
    it("has a host's resources by where they are in the program", () => {
        const lab = "skep:hosts:Lab";
        assert.equal(partOf([lab, "docker:index/container:Container"]), "Hosts");
        assert.equal(partOf([lab, "skep:lab:Gateway", "docker:index/container:Container"]), "Gateway");
        assert.equal(partOf([lab, "docker:index/network:Network"]), "Network");
        assert.equal(partOf(["skep:index:Pki", "tls:index/privateKey:PrivateKey"]), "Certificates");
        assert.equal(partOf(["skep:index:Registry", "skep:index:Stack", "swarm:index:Stack"]), "Registry");
        assert.equal(partOf(["skep:index:Stack", "swarm:index:Stack"]), "Stacks");
    });

    it("has nothing that the program does not make", () => {
        assert.equal(partOf(["skep:index:Swarm", "swarm:index:Unheard"]), undefined);
        assert.equal(partOf(["docker:index/container:Container"]), undefined);
        assert.equal(partOf([]), undefined);
    });

    it("is counted in what users count, and by what was done to it", () => {
        const engines = (verb: "make" | "change") => ({ verb, type: "swarm:HostEngine" });
        const files = { verb: "make", type: "swarm:HostFiles" } as const;
        assert.equal(countOf("Engines", [engines("make"), engines("make"), files]), "2 hosts");
        assert.equal(countOf("Engines", [engines("make"), files]), "1 host");
        assert.equal(countOf("Engines", [files, files]), "2 made");
        assert.equal(countOf("Engines", [engines("change"), files]), "1 made, 1 changed");
        assert.equal(pastOf([]), "");
    });

    it("names what a resource is about", () => {
        assert.equal(subjectOf("swarm:Node", "worker-1-node"), "worker-1");
        assert.equal(subjectOf("docker:Volume", "worker-1-containerd"), "worker-1");
        assert.equal(subjectOf("tls:PrivateKey", "pki-engine-manager-1-key"), "engine-manager-1");
        assert.equal(subjectOf("aws:Vpc", "aws-network-vpc"), "aws-network-vpc");
    });
});
