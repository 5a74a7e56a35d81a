// Stand-in for the official aws plugin, with AWS's own clients: the resources that Skep's hosts on EC2 need.
import { version } from "@pulumi/aws/package.json";
import { standIn } from "../stand-in";
import { listener, loadBalancer, targetGroup, targetGroupAttachment } from "./balancer";
import { bucket } from "./bucket";
import { encryption, lifecycle, publicAccessBlock, versioning } from "./bucket-settings";
import { CONFIG } from "./clients";
import { getAmi, getAvailabilityZones } from "./functions";
import { egressRule, ingressRule, securityGroup } from "./groups";
import { instanceProfile, role, rolePolicy } from "./iam";
import { instance } from "./instance";
import { keyPair } from "./key-pair";
import { eip, natGateway } from "./nat";
import { route, routeTableAssociation } from "./routes";
import { subnet, subnetCidrReservation } from "./subnet";
import { internetGateway, routeTable, vpc } from "./vpc";

export const aws = standIn({
    name: "aws",
    version,
    config: CONFIG,
    resources: {
        "aws:ec2/eip:Eip": eip,
        "aws:ec2/instance:Instance": instance,
        "aws:ec2/internetGateway:InternetGateway": internetGateway,
        "aws:ec2/keyPair:KeyPair": keyPair,
        "aws:ec2/natGateway:NatGateway": natGateway,
        "aws:ec2/route:Route": route,
        "aws:ec2/routeTable:RouteTable": routeTable,
        "aws:ec2/routeTableAssociation:RouteTableAssociation": routeTableAssociation,
        "aws:ec2/securityGroup:SecurityGroup": securityGroup,
        "aws:ec2/subnet:Subnet": subnet,
        "aws:ec2/subnetCidrReservation:SubnetCidrReservation": subnetCidrReservation,
        "aws:ec2/vpc:Vpc": vpc,
        "aws:iam/instanceProfile:InstanceProfile": instanceProfile,
        "aws:iam/role:Role": role,
        "aws:iam/rolePolicy:RolePolicy": rolePolicy,
        "aws:lb/listener:Listener": listener,
        "aws:lb/loadBalancer:LoadBalancer": loadBalancer,
        "aws:lb/targetGroup:TargetGroup": targetGroup,
        "aws:lb/targetGroupAttachment:TargetGroupAttachment": targetGroupAttachment,
        "aws:s3/bucket:Bucket": bucket,
        "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": lifecycle,
        "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": publicAccessBlock,
        "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": encryption,
        "aws:s3/bucketVersioning:BucketVersioning": versioning,
        "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule": egressRule,
        "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": ingressRule,
    },
    functions: {
        "aws:ec2/getAmi:getAmi": getAmi,
        "aws:index/getAvailabilityZones:getAvailabilityZones": getAvailabilityZones,
    },
});
