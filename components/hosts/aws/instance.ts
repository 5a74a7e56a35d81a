// One host's EC2 instance. What would stop or replace it is followed only when the settings name the host in `renew`:
// no host goes down because an image was published or a setting edited.

import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { formatProblem } from "../../../errors";
import { managerAddress } from "../../../planning/aws-addresses";
import type { AwsSettings } from "../../../config/aws";
import type { PlacedHost } from "../../../planning/placement";
import type { HostSubnet } from "./network";
import { type Tagging, tagsFor } from "./tags";

export interface InstanceArgs {
    /** Tags of the instance and of its disk. */
    tagging: Tagging;
    /** Its name, role and place. */
    host: PlacedHost;
    /** Type and disk size by role, IMDS, protection, and which hosts are renewed. */
    settings: AwsSettings;
    /** Its zone's, which a manager's fixed address is computed from. */
    subnet: HostSubnet;
    /** The image of a new or renewed instance. */
    ami: pulumi.Input<string>;
    /** Security groups: of all nodes, and of managers for one. */
    groupIds: pulumi.Input<string>[];
    /** The key pair of the stack's SSH key. */
    keyName: pulumi.Input<string>;
    /** Holds the host's private SSH key. */
    userData: pulumi.Output<string>;
    /** For the host whose containers need a role. */
    profile?: pulumi.Input<string>;
}

/** What an instance cannot change while it runs. */
const FIXED_AT_BOOT = ["ami", "instanceType", "userData", "rootBlockDevice", "keyName"];

/** A container on the host's bridge is one hop further away: at 1 the token's answer is dropped before it gets there. */
const HOPS_TO_CONTAINER = 2;
const HOPS_TO_HOST = 1;

/**
 * An instance with metadata by token only and an encrypted disk. Another type, image or disk size is not followed, and a warning says
 * so, until `renew` names the host: then a manager is deleted first, for its fixed address, and a worker last.
 */
export function makeInstance(args: InstanceArgs, opts: pulumi.CustomResourceOptions): aws.ec2.Instance {
    const { host, settings, subnet, tagging } = args;
    const { name, role } = host;
    const isManager = role === "manager";
    const renewed = settings.renew.includes(name);
    const tags = tagsFor(tagging, name, { "io.skep.role": role });
    const instance = new aws.ec2.Instance(
        name,
        {
            ami: args.ami,
            instanceType: settings[role].type,
            subnetId: subnet.id,
            // Peers and backups know a manager by its address; a worker's is EC2's choice, so that two may overlap.
            ...(isManager && { privateIp: managerAddress(subnet.range, host.ordinal) }),
            associatePublicIpAddress: settings.network.subnets === "public",
            vpcSecurityGroupIds: args.groupIds,
            keyName: args.keyName,
            userData: pulumi.secret(args.userData),
            iamInstanceProfile: args.profile,
            disableApiTermination: settings.terminationProtection,
            metadataOptions: {
                httpEndpoint: "enabled",
                httpTokens: "required",
                httpPutResponseHopLimit: args.profile ? HOPS_TO_CONTAINER : HOPS_TO_HOST,
            },
            rootBlockDevice: {
                volumeType: "gp3",
                volumeSize: settings[role].diskGib,
                encrypted: true,
                deleteOnTermination: true,
                tags,
            },
            tags,
        },
        {
            ...opts,
            deleteBeforeReplace: isManager,
            ignoreChanges: renewed ? [] : FIXED_AT_BOOT,
            replaceOnChanges: renewed ? FIXED_AT_BOOT : [],
        },
    );
    if (!renewed) sayWhatIsIgnored(name, instance, settings[role].type, settings.image.ami);
    return instance;
}

function sayWhatIsIgnored(name: string, instance: aws.ec2.Instance, type: string, ami?: string): void {
    pulumi.all([instance.instanceType, instance.ami]).apply(([hasType, hasAmi]) => {
        const differs = [
            ...(hasType && hasType !== type ? [`is a ${hasType}, and ${type} is asked`] : []),
            ...(ami !== undefined && hasAmi && hasAmi !== ami ? [`runs ${hasAmi}, and ${ami} is asked`] : []),
        ];
        if (differs.length > 0)
            void pulumi.log.warn(
                formatProblem({
                    id: "INSTANCE_DIFFERS",
                    problem: `${name} ${differs.join("; it ")}.`,
                    advice: "Name it in skep:aws.renew to replace it.",
                }),
                instance,
            );
    });
}
