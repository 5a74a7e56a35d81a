// IAM: a role, its inline policy, and the instance profile that gives the role to an instance.
import type { Props } from "../../../providers/runtime/types";
import { same } from "../../../providers/runtime/wire";
import { nameFor } from "../shared";
import type { Aws } from "./clients";
import { retrying, unlessGone } from "./errors";
import { awsResource, KNOWN_SECONDS } from "./resource";
import { changeTags, tagList, tagOutputs } from "./tags";

/** The program's policy when IAM has the same document, which it gives back encoded and in its own spacing; else IAM's. */
function policyAs(given: string | undefined, found: string | undefined): string | undefined {
    if (found === undefined) return undefined;
    const text = decodeURIComponent(found);
    const parsed = (json: string) => JSON.parse(json) as unknown;
    return given !== undefined && same(parsed(given), parsed(text)) ? given : text;
}

export const role = awsResource({
    inputs: ["assumeRolePolicy", "description", "name", "tags"],
    required: ["assumeRolePolicy"],
    computed: ["arn", "createDate", "name", "tagsAll", "uniqueId"],
    observed: ["tags", "assumeRolePolicy", "description"],
    replaceOn: ["name"],
    async create({ iam }, inputs, ctx) {
        const RoleName = nameFor(inputs, ctx);
        await iam.createRole({
            RoleName,
            AssumeRolePolicyDocument: inputs.assumeRolePolicy,
            Description: inputs.description,
            Tags: tagList(inputs.tags),
        });
        return RoleName;
    },
    async update({ iam }, RoleName, olds, news) {
        if (olds.assumeRolePolicy !== news.assumeRolePolicy)
            await iam.updateAssumeRolePolicy({ RoleName, PolicyDocument: news.assumeRolePolicy });
        if (olds.description !== news.description)
            await iam.updateRole({ RoleName, Description: news.description ?? "" });
        await changeTags(
            olds,
            news,
            (TagKeys) => iam.untagRole({ RoleName, TagKeys }),
            (Tags) => iam.tagRole({ RoleName, Tags }),
        );
    },
    async describe({ iam }, RoleName, { assumeRolePolicy }) {
        const { Role } = await iam.getRole({ RoleName });
        return (
            Role && {
                arn: Role.Arn,
                assumeRolePolicy: policyAs(assumeRolePolicy, Role.AssumeRolePolicyDocument),
                createDate: Role.CreateDate?.toISOString(),
                description: Role.Description ?? "",
                name: Role.RoleName,
                uniqueId: Role.RoleId,
                ...tagOutputs(Role.Tags),
            }
        );
    },
    remove: ({ iam }, RoleName) => iam.deleteRole({ RoleName }),
});

/** A policy's id is both names. */
function namesOf(id: string): { RoleName: string; PolicyName: string } {
    const [RoleName = "", PolicyName = ""] = id.split(":");
    return { RoleName, PolicyName };
}

const putPolicy = ({ iam }: Aws, id: string, { policy }: Props) =>
    iam.putRolePolicy({ ...namesOf(id), PolicyDocument: policy });

export const rolePolicy = awsResource({
    inputs: ["name", "policy", "role"],
    required: ["policy", "role"],
    computed: ["name"],
    observed: ["policy"],
    replaceOn: ["name", "role"],
    async create(aws, inputs, ctx) {
        const id = `${inputs.role}:${nameFor(inputs, ctx)}`;
        await putPolicy(aws, id, inputs);
        return id;
    },
    update: (aws, id, _olds, news) => putPolicy(aws, id, news),
    async describe({ iam }, id, { policy }) {
        const found = await iam.getRolePolicy(namesOf(id));
        return { name: found.PolicyName, policy: policyAs(policy, found.PolicyDocument) };
    },
    remove: ({ iam }, id) => iam.deleteRolePolicy(namesOf(id)),
});

export const instanceProfile = awsResource({
    inputs: ["name", "role", "tags"],
    computed: ["arn", "createDate", "name", "tagsAll", "uniqueId"],
    observed: ["tags", "role"],
    replaceOn: ["name"],
    async create({ iam }, inputs, ctx) {
        const InstanceProfileName = nameFor(inputs, ctx);
        await iam.createInstanceProfile({ InstanceProfileName, Tags: tagList(inputs.tags) });
        return InstanceProfileName;
    },
    async finish(aws, id, { role: wanted }, { signal }) {
        const has = (await profileOf(aws, id))?.Roles?.[0]?.RoleName;
        if (has === wanted) return;
        if (has) await removeRole(aws, id, has);
        if (wanted)
            await retrying(/NoSuchEntity/, KNOWN_SECONDS, signal, () =>
                aws.iam.addRoleToInstanceProfile({ InstanceProfileName: id, RoleName: wanted }),
            );
    },
    update: ({ iam }, InstanceProfileName, olds, news) =>
        changeTags(
            olds,
            news,
            (TagKeys) => iam.untagInstanceProfile({ InstanceProfileName, TagKeys }),
            (Tags) => iam.tagInstanceProfile({ InstanceProfileName, Tags }),
        ),
    async describe(aws, id) {
        const found = await profileOf(aws, id);
        return (
            found && {
                arn: found.Arn,
                createDate: found.CreateDate?.toISOString(),
                name: found.InstanceProfileName,
                role: found.Roles?.[0]?.RoleName ?? "",
                uniqueId: found.InstanceProfileId,
                ...tagOutputs(found.Tags),
            }
        );
    },
    async remove(aws, id, { role: given }) {
        // IAM refuses to delete a profile that holds a role.
        if (given) await unlessGone(removeRole(aws, id, given as string));
        await aws.iam.deleteInstanceProfile({ InstanceProfileName: id });
    },
});

async function profileOf({ iam }: Aws, InstanceProfileName: string) {
    return (await iam.getInstanceProfile({ InstanceProfileName })).InstanceProfile;
}

function removeRole({ iam }: Aws, InstanceProfileName: string, RoleName: string) {
    return iam.removeRoleFromInstanceProfile({ InstanceProfileName, RoleName });
}
