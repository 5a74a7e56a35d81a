// The security groups, with one resource for each rule of planning/aws-rules.ts.

import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { type Group, type Rule, type RuleSettings, securityRules } from "../../../planning/aws-rules";
import { type Tagging, tagsFor } from "./tags";

export interface GroupsArgs extends RuleSettings {
    /** Tags of groups and rules. */
    tagging: Tagging;
    /** The VPC of the groups. */
    vpcId: pulumi.Input<string>;
}

const DESCRIPTIONS: Record<Group, string> = {
    nodes: "Every node of the swarm",
    managers: "Managers of the swarm, beside the group of all nodes",
    balancer: "The load balancer in front of published ports",
};

/** The security groups. Each rule is a resource of its own, so a changed rule does not affect the others. */
export class Groups extends pulumi.ComponentResource {
    readonly ids: Record<Group, pulumi.Output<string> | undefined>;
    /** The rules; hosts depend on them. */
    readonly rules: pulumi.Resource[];

    constructor(
        private readonly name: string,
        private readonly args: GroupsArgs,
        opts?: pulumi.ComponentResourceOptions,
    ) {
        super("skep:aws:Groups", name, {}, opts);
        this.ids = {
            nodes: this.group("nodes"),
            managers: this.group("managers"),
            balancer: args.loadBalancer ? this.group("balancer") : undefined,
        };
        this.rules = securityRules(args).map((rule) => this.rule(rule));
        this.registerOutputs();
    }

    private group(group: Group): pulumi.Output<string> {
        return new aws.ec2.SecurityGroup(
            `${this.name}-${group}`,
            {
                vpcId: this.args.vpcId,
                description: DESCRIPTIONS[group],
                tags: tagsFor(this.args.tagging, group),
            },
            { parent: this },
        ).id;
    }

    private rule(rule: Rule): pulumi.Resource {
        const args = {
            securityGroupId: this.id(rule.group),
            ipProtocol: rule.protocol,
            ...(rule.port !== undefined && { fromPort: rule.port, toPort: rule.port }),
            ...("cidr" in rule.peer
                ? { cidrIpv4: rule.peer.cidr }
                : { referencedSecurityGroupId: this.id(rule.peer.group) }),
            description: rule.description,
            tags: tagsFor(this.args.tagging, rule.name),
        };
        const name = `${this.name}-${rule.name}`;
        return rule.direction === "in"
            ? new aws.vpc.SecurityGroupIngressRule(name, args, { parent: this })
            : new aws.vpc.SecurityGroupEgressRule(name, args, { parent: this });
    }

    private id(group: Group): pulumi.Output<string> {
        const id = this.ids[group];
        if (!id) throw new Error(`a rule needs the security group ${group}, which is not made`);
        return id;
    }
}
