// Everything that replaces AWS in the tests: a network with the VPC's range, an EC2 API, packages, and hosts for instances.

import { EC2Client } from "@aws-sdk/client-ec2";
import { ElasticLoadBalancingV2Client } from "@aws-sdk/client-elastic-load-balancing-v2";
import { IAMClient } from "@aws-sdk/client-iam";
import { S3Client } from "@aws-sdk/client-s3";
import { createProgress } from "../../scripts/setup/progress";
import { ensureRepository } from "../../scripts/setup/repository";
import { setup } from "../../scripts/setup/setup";
import { CREDENTIALS } from "./credentials";
import { InstanceHosts, makeNetwork, type VpcNetwork } from "./instances";
import { MetadataService } from "./metadata";
import { type Ami, Moto } from "./moto";
import { PackageServer } from "./repository";

export const REGION = "eu-central-1";
/** If the API does not answer within this time, it hangs. */
const ANSWER_MILLISECONDS = 30_000;
const DEBIAN = "136693071363";
const STRANGER = "111122223333";

/** `x86_64` or `arm64`: that of this machine, whose containers are the instances. */
export const ARCHITECTURE = process.arch === "arm64" ? "arm64" : "x86_64";

const image = (ami_id: string, owner_id: string, day: string, more: Partial<Ami> = {}): Ami => ({
    ami_id,
    name: `debian-12-${ARCHITECTURE === "arm64" ? "arm64" : "amd64"}-${day.replaceAll("-", "")}-1`,
    owner_id,
    creation_date: `${day}T00:00:00.000Z`,
    architecture: ARCHITECTURE,
    root_device_name: "/dev/xvda",
    root_device_type: "ebs",
    virtualization_type: "hvm",
    hypervisor: "xen",
    image_type: "machine",
    state: "available",
    public: true,
    ...more,
});

/** Debian's newest image for this machine's architecture. */
export const NEWEST = "ami-0000000000000002a";
export const OLDER = "ami-0000000000000001a";
export const AMIS: readonly Ami[] = [
    image(OLDER, DEBIAN, "2026-09-01"),
    image(NEWEST, DEBIAN, "2026-11-01"),
    image("ami-0000000000000003a", STRANGER, "2026-11-20"),
    image("ami-0000000000000004a", DEBIAN, "2026-11-21", { architecture: "other" }),
];

export class Cloud {
    readonly ec2: EC2Client;
    readonly elb: ElasticLoadBalancingV2Client;
    readonly iam: IAMClient;
    readonly s3: S3Client;

    private constructor(
        readonly network: VpcNetwork,
        private readonly moto: Moto,
        private readonly packages: PackageServer,
        private readonly metadata: MetadataService,
        /** The settings `skep:aws` of a stack in this cloud. */
        readonly settings: Record<string, unknown>,
        /** The setting `skep:repository` of a stack in this cloud. */
        readonly repository: { url: string; fingerprint: string },
        image: string,
    ) {
        const requestHandler = { requestTimeout: ANSWER_MILLISECONDS, throwOnRequestTimeout: true };
        const client = { region: REGION, endpoint: moto.endpoint, requestHandler };
        this.ec2 = new EC2Client(client);
        this.elb = new ElasticLoadBalancingV2Client(client);
        this.iam = new IAMClient(client);
        this.s3 = new S3Client({ ...client, forcePathStyle: true });
        const { hostname, port } = new URL(metadata.url);
        this.hosts = new InstanceHosts({
            ec2: this.ec2,
            network,
            image,
            metadata: { host: hostname, port: Number(port) },
        });
    }

    readonly hosts: InstanceHosts;

    /** Opens a cloud for a stack. Its name begins with `test-`, so that a later run finds what a killed one left. */
    static async open(stack: string): Promise<Cloud> {
        Object.assign(process.env, CREDENTIALS);
        const progress = createProgress();
        const tools = await setup({ progress, needs: "lab" });
        const repository = await ensureRepository(progress, { official: false });
        if (!tools.images || !repository.mount) throw new Error("set-up gave no images or no repository");
        const network = await makeNetwork(stack);
        const { gateway } = network;
        const packages = await PackageServer.start(repository.mount.source, gateway);
        const moto = await Moto.start(gateway, AMIS);
        const metadata = await MetadataService.start(
            new EC2Client({ region: REGION, endpoint: moto.endpoint }),
            gateway,
        );
        const settings = {
            region: REGION,
            endpoint: moto.endpoint,
            network: { range: network.range },
            connectVia: "private",
            adminCidrs: [`${gateway}/32`],
            image: { architecture: ARCHITECTURE },
        };
        const { fingerprint } = repository;
        return new Cloud(
            network,
            moto,
            packages,
            metadata,
            settings,
            { url: `${packages.url}/debian`, fingerprint },
            tools.images.host.id,
        );
    }

    async close(): Promise<void> {
        await this.hosts.remove();
        await this.packages.stop();
        await this.metadata.stop();
        await this.moto.stop();
    }
}
