// A role, its inline policy, and the instance profile that gives it to an instance.
import {
    AddRoleToInstanceProfileCommand,
    CreateInstanceProfileCommand,
    CreateRoleCommand,
    DeleteInstanceProfileCommand,
    DeleteRoleCommand,
    DeleteRolePolicyCommand,
    GetInstanceProfileCommand,
    GetRoleCommand,
    GetRolePolicyCommand,
    PutRolePolicyCommand,
    RemoveRoleFromInstanceProfileCommand,
    TagInstanceProfileCommand,
    TagRoleCommand,
    UntagInstanceProfileCommand,
    UntagRoleCommand,
    UpdateAssumeRolePolicyCommand,
    UpdateRoleCommand,
} from "@aws-sdk/client-iam";
import type { Props } from "../../../providers/runtime/types";
import { same } from "../../../providers/runtime/wire";
import type { Aws } from "./clients";
import { retrying, unlessGone } from "./errors";
import { awsResource, nameFor } from "./resource";
import { tagChanges, tagList, tagOutputs } from "./tags";

/** IAM's own check of who may use a role lags behind. */
const KNOWN_SECONDS = 60;

/** Policies are compared as documents: IAM gives them back encoded, and in its own spacing. */
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
        await iam.send(
            new CreateRoleCommand({
                RoleName,
                AssumeRolePolicyDocument: inputs.assumeRolePolicy,
                Description: inputs.description,
                Tags: tagList(inputs.tags),
            }),
        );
        return RoleName;
    },
    async update({ iam }, RoleName, olds, news) {
        if (olds.assumeRolePolicy !== news.assumeRolePolicy)
            await iam.send(
                new UpdateAssumeRolePolicyCommand({ RoleName, PolicyDocument: news.assumeRolePolicy }),
            );
        if (olds.description !== news.description)
            await iam.send(new UpdateRoleCommand({ RoleName, Description: news.description ?? "" }));
        const { removed, set } = tagChanges(olds.tags, news.tags);
        if (removed.length > 0) await iam.send(new UntagRoleCommand({ RoleName, TagKeys: removed }));
        if (Object.keys(set).length > 0) await iam.send(new TagRoleCommand({ RoleName, Tags: tagList(set) }));
    },
    async describe({ iam }, RoleName, { assumeRolePolicy }) {
        const { Role } = await iam.send(new GetRoleCommand({ RoleName }));
        return (
            Role && {
                arn: Role.Arn,
                assumeRolePolicy: policyAs(assumeRolePolicy, Role.AssumeRolePolicyDocument),
                createDate: Role.CreateDate?.toISOString(),
                description: Role.Description ?? "",
                name: Role.RoleName,
                uniqueId: Role.RoleId,
                ...tagOutputs(Role.Tags as { Key: string; Value: string }[]),
            }
        );
    },
    remove: ({ iam }, RoleName) => iam.send(new DeleteRoleCommand({ RoleName })),
});

/** A policy's id holds both names. */
function namesOf(id: string): { RoleName: string; PolicyName: string } {
    const [RoleName = "", PolicyName = ""] = id.split(":");
    return { RoleName, PolicyName };
}

const putPolicy = ({ iam }: Aws, id: string, { policy }: Props) =>
    iam.send(new PutRolePolicyCommand({ ...namesOf(id), PolicyDocument: policy }));

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
    update: async (aws, id, _olds, news) => void (await putPolicy(aws, id, news)),
    async describe({ iam }, id, { policy }) {
        const found = await iam.send(new GetRolePolicyCommand(namesOf(id)));
        return { name: found.PolicyName, policy: policyAs(policy, found.PolicyDocument) };
    },
    remove: ({ iam }, id) => iam.send(new DeleteRolePolicyCommand(namesOf(id))),
});

export const instanceProfile = awsResource({
    inputs: ["name", "role", "tags"],
    computed: ["arn", "createDate", "name", "tagsAll", "uniqueId"],
    observed: ["tags", "role"],
    replaceOn: ["name"],
    async create({ iam }, inputs, ctx) {
        const InstanceProfileName = nameFor(inputs, ctx);
        await iam.send(new CreateInstanceProfileCommand({ InstanceProfileName, Tags: tagList(inputs.tags) }));
        return InstanceProfileName;
    },
    async finish(aws, id, { role: wanted }, { signal }) {
        const has = (await profileOf(aws, id))?.Roles?.[0]?.RoleName;
        if (has === wanted) return;
        if (has) await removeRole(aws, id, has);
        if (wanted)
            await retrying(/NoSuchEntity/, KNOWN_SECONDS, signal, () =>
                aws.iam.send(
                    new AddRoleToInstanceProfileCommand({ InstanceProfileName: id, RoleName: wanted }),
                ),
            );
    },
    async update({ iam }, InstanceProfileName, olds, news) {
        const { removed, set } = tagChanges(olds.tags, news.tags);
        if (removed.length > 0)
            await iam.send(new UntagInstanceProfileCommand({ InstanceProfileName, TagKeys: removed }));
        if (Object.keys(set).length > 0)
            await iam.send(new TagInstanceProfileCommand({ InstanceProfileName, Tags: tagList(set) }));
    },
    async describe(aws, id) {
        const found = await profileOf(aws, id);
        return (
            found && {
                arn: found.Arn,
                createDate: found.CreateDate?.toISOString(),
                name: found.InstanceProfileName,
                role: found.Roles?.[0]?.RoleName ?? "",
                uniqueId: found.InstanceProfileId,
                ...tagOutputs(found.Tags as { Key: string; Value: string }[]),
            }
        );
    },
    async remove(aws, id, { role: given }) {
        // IAM deletes no profile that holds a role.
        if (given) await unlessGone(removeRole(aws, id, given as string));
        await aws.iam.send(new DeleteInstanceProfileCommand({ InstanceProfileName: id }));
    },
});

async function profileOf({ iam }: Aws, InstanceProfileName: string) {
    return (await iam.send(new GetInstanceProfileCommand({ InstanceProfileName }))).InstanceProfile;
}

function removeRole({ iam }: Aws, InstanceProfileName: string, RoleName: string) {
    return iam.send(new RemoveRoleFromInstanceProfileCommand({ InstanceProfileName, RoleName }));
}
