// The EC2 instance of one host. Skep applies changes that stop or replace it only when the settings name the host in `renew`,
// so a newly published image or an edited setting takes no host down.

import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { formatProblem } from "../../../errors";
import { managerAddress } from "../../../planning/aws-addresses";
import type { AwsSettings } from "../../../config/aws";
import type { PlacedHost } from "../../../planning/placement";
import type { HostSubnet } from "./network";
import { type Tagging, tagsFor } from "./tags";

export interface InstanceArgs {
    /** Tags of the instance and its disk. */
    tagging: Tagging;
    /** The host's name, role and zone. */
    host: PlacedHost;
    /** Type and disk size for each role, and termination protection. */
    settings: AwsSettings;
    /** Whether this run makes the host anew if the settings differ from what it has. */
    renewed: boolean;
    /** The subnet of its zone; a manager's fixed address is computed from it. */
    subnet: HostSubnet;
    /** The image for a new or renewed instance. */
    ami: pulumi.Input<string>;
    /** Its security groups: that of all nodes, and for managers that of managers. */
    groupIds: pulumi.Input<string>[];
    /** The key pair of the stack's SSH key. */
    keyName: pulumi.Input<string>;
    /** Secret: it contains the private host key of the first contact. */
    userData: pulumi.Output<string>;
    /** The instance profile, for hosts whose containers need a role. Default none. */
    profile?: pulumi.Input<string>;
}

/** Inputs that EC2 cannot change while the instance runs. */
const FIXED_AT_BOOT = ["ami", "instanceType", "userData", "rootBlockDevice", "keyName"];

/** A container on the host's bridge is one hop further away: with a limit of 1, the answer with the token never arrives. */
const HOPS_TO_CONTAINER = 2;
const HOPS_TO_HOST = 1;

/**
 * Makes an instance with an encrypted disk and a metadata service that requires tokens. A changed type, image or disk size
 * applies only once `renew` names the host; until then a warning says what differs. A renewed manager is deleted before its
 * successor is created, because both have the same address; a renewed worker, afterwards.
 */
export function makeInstance(args: InstanceArgs, opts: pulumi.CustomResourceOptions): aws.ec2.Instance {
    const { host, settings, renewed, subnet, tagging } = args;
    const { name, role } = host;
    const isManager = role === "manager";
    const tags = tagsFor(tagging, name, { "io.skep.role": role });
    const instance = new aws.ec2.Instance(
        name,
        {
            ami: args.ami,
            instanceType: settings[role].type,
            subnetId: subnet.id,
            // Peers and backups know a manager by its address. EC2 chooses a worker's, so the old and the new one can coexist.
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
                    advice: "Name it in skep:renew to have it made anew.",
                }),
                instance,
            );
    });
}
