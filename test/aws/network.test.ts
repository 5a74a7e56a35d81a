// Private subnets and their NAT gateways: the component alone creates them at an EC2 API. The tests look where each zone's
// traffic leaves.

import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
    DescribeAddressesCommand,
    DescribeNatGatewaysCommand,
    DescribeRouteTablesCommand,
    DescribeSubnetsCommand,
    DescribeVpcsCommand,
    EC2Client,
} from "@aws-sdk/client-ec2";
import * as aws from "@pulumi/aws";
import * as auto from "@pulumi/pulumi/automation";
import { Network } from "../../components/hosts/aws/network";
import { createProgress } from "../../scripts/setup/progress";
import { setup } from "../../scripts/setup/setup";
import { AMIS, REGION } from "./cloud";
import { CREDENTIALS } from "./credentials";
import { Moto } from "./moto";

const ZONES = ["eu-central-1a", "eu-central-1b", "eu-central-1c"];
const STACK = "test-network";
const OWN = [{ Name: "tag:io.skep.stack", Values: [STACK] }];

describe("A network with private subnets on EC2", function () {
    this.timeout(300_000);
    let moto: Moto;
    let ec2: EC2Client;
    let folder: string;
    let stack: auto.Stack;
    let nat: "one" | "zone";

    before(async () => {
        Object.assign(process.env, CREDENTIALS);
        const tools = await setup({ progress: createProgress({ silent: true }), needs: "pulumi" });
        moto = await Moto.start("127.0.0.1", AMIS);
        ec2 = new EC2Client({ region: REGION, endpoint: moto.endpoint });
        folder = await mkdtemp(join(tmpdir(), "skep-network-"));
        await mkdir(join(folder, "state"));
        stack = await auto.LocalWorkspace.createOrSelectStack(
            { stackName: STACK, projectName: "skep-test", program: () => Promise.resolve(declare()) },
            {
                envVars: {
                    PULUMI_BACKEND_URL: `file://${join(folder, "state")}`,
                    PULUMI_CONFIG_PASSPHRASE: "test",
                    PULUMI_SKIP_UPDATE_CHECK: "true",
                    ...(tools.pulumiHome && {
                        PULUMI_HOME: tools.pulumiHome,
                        PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true",
                    }),
                },
                pulumiCommand: await auto.PulumiCommand.get({
                    root: tools.pulumi.root,
                    skipVersionCheck: true,
                }),
            },
        );
    });
    after(async () => {
        await moto?.stop();
        if (folder) await rm(folder, { recursive: true, force: true });
    });

    function declare(): void {
        const { endpoint } = moto;
        const provider = new aws.Provider("aws", {
            region: REGION,
            endpoints: [{ ec2: endpoint, sts: endpoint }],
            skipCredentialsValidation: true,
            skipRequestingAccountId: true,
        });
        const network = { range: "10.60.0.0/16", subnets: "private", nat } as const;
        const args = {
            tagging: { stack: STACK, tags: {} },
            network,
            zones: ZONES.map((name, index) => ({ name, index })),
            keepZones: true,
        };
        new Network("network", args, { providers: [provider] });
    }

    it("reaches out from every zone through one gateway, or through the zone's own", async () => {
        nat = "one";
        await stack.up();
        const before = await natZones();
        assert.deepEqual(before, {
            "eu-central-1a": "eu-central-1a",
            "eu-central-1b": "eu-central-1a",
            "eu-central-1c": "eu-central-1a",
        });
        const subnets = await subnetIds();
        nat = "zone";
        await stack.up();
        assert.deepEqual(await natZones(), Object.fromEntries(ZONES.map((zone) => [zone, zone])));
        assert.deepEqual(await subnetIds(), subnets);
    });

    it("leaves neither gateways nor addresses behind", async () => {
        await stack.destroy();
        assert.deepEqual(await natGateways(), []);
        assert.deepEqual((await ec2.send(new DescribeAddressesCommand({}))).Addresses ?? [], []);
        assert.deepEqual((await ec2.send(new DescribeVpcsCommand({ Filters: OWN }))).Vpcs ?? [], []);
    });

    /** For each private subnet's zone, the zone of the NAT gateway through which its traffic leaves. */
    async function natZones(): Promise<Record<string, string>> {
        const subnets = await ownSubnets();
        const zoneOf = (id?: string) =>
            subnets.find(({ SubnetId }) => SubnetId === id)?.AvailabilityZone ?? "";
        const gateways = await natGateways();
        const { RouteTables = [] } = await ec2.send(new DescribeRouteTablesCommand({ Filters: OWN }));
        const ways = RouteTables.flatMap(({ Routes = [], Associations = [] }) => {
            const { NatGatewayId } = Routes.find((route) => route.DestinationCidrBlock === "0.0.0.0/0") ?? {};
            const gateway = gateways.find((one) => one.NatGatewayId === NatGatewayId);
            // The routes of public subnets lead to the internet gateway.
            if (!gateway) return [];
            return Associations.map(({ SubnetId }) => [zoneOf(SubnetId), zoneOf(gateway.SubnetId)]);
        });
        assert.equal(ways.length, ZONES.length);
        return Object.fromEntries(ways.sort()) as Record<string, string>;
    }

    async function natGateways() {
        const { NatGateways = [] } = await ec2.send(new DescribeNatGatewaysCommand({}));
        return NatGateways.filter(({ State }) => State !== "deleted");
    }

    async function ownSubnets() {
        return (await ec2.send(new DescribeSubnetsCommand({ Filters: OWN }))).Subnets ?? [];
    }

    async function subnetIds(): Promise<string[]> {
        return (await ownSubnets()).map(({ SubnetId = "" }) => SubnetId).sort();
    }
});
