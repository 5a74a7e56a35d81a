// EC2's resources that are made, described by their id, tagged and deleted: each a row of EC2's own names for that.
import type { EC2, ResourceType } from "@aws-sdk/client-ec2";
import type { Context, Props } from "../../../providers/runtime/types";
import { nameFor } from "../shared";
import type { StandInResource } from "../stand-in";
import type { Aws } from "./clients";
import { retrying } from "./errors";
import { type AwsResource, awsResource, ec2Arn, renamed, request } from "./resource";
import { retag, tagOutputs, tagSpecification } from "./tags";

/** One of EC2's calls. They differ by their requests and answers. */
type Call = keyof EC2 & string;

/** One row. `Thing` is EC2's own description of the resource. */
interface Row<Thing> extends Partial<
    Pick<AwsResource, "required" | "defaults" | "deleteBeforeReplace" | "finish" | "update">
> {
    /** Its type in requests for tags and in its ARN. */
    kind: ResourceType;
    hasNoArn?: true;
    /** Inputs that the creation takes, by EC2's names. A change of one replaces the resource. */
    fixed: Record<string, string>;
    /** The one of `fixed` that is made of the resource's name, or of a prefix, when the program gives none. */
    named?: string;
    /** Inputs that `finish` sets, also on a standing resource. */
    changing?: readonly string[];
    /** Outputs, and inputs that are read back, by EC2's names. */
    outputs: Record<string, keyof Thing & string>;
    /** Further outputs of EC2's, from `more`. */
    computed?: readonly string[];
    /** Outputs that EC2 has no single name for. */
    more?: (found: Thing, id: string, aws: Aws) => Props | Promise<Props>;
    /** Whether something that EC2 still describes has ended. */
    isGone?: (found: Thing) => boolean;
    create: Call;
    /** The property of the creation's answer that describes the new resource; default: the answer itself. */
    made?: string;
    describe: Call;
    /** The list in the description's answer. */
    list: string;
    remove: Call;
    /** EC2's name of the id; requests to describe take a list of ids under this name and an s. */
    id: string;
    /** What must happen before the deletion. */
    before?: AwsResource["remove"];
    /** What to wait for after it. */
    after?: AwsResource["remove"];
    /** Codes by which EC2 refuses the deletion for a while, and for how many seconds. */
    busy?: [RegExp, number];
}

/** A resource that is also found as EC2 describes it. */
export interface Ec2Resource<Thing> extends StandInResource {
    find(aws: Aws, id: string): Promise<Thing | undefined>;
}

/** The resource of a row. */
export function ec2Resource<Thing extends object>(row: Row<Thing>): Ec2Resource<Thing> {
    const { kind, fixed, named, changing = [], outputs, id: idName } = row;
    const send = (ec2: EC2, call: Call, input: Props) =>
        (ec2[call] as (input: Props) => Promise<Props>).call(ec2, input);
    const find = async ({ ec2 }: Aws, id: string) => {
        const answer = await send(ec2, row.describe, { [`${idName}s`]: [id] });
        return (answer[row.list] as Thing[] | undefined)?.[0];
    };
    const fixedInputs = [...Object.keys(fixed), ...(named ? [`${named}Prefix`] : [])];
    const ofEc2 = [named ?? [], ...Object.keys(outputs)].flat().filter((key) => !changing.includes(key));
    const resource = awsResource({
        inputs: [...fixedInputs, ...changing, "tags"],
        required: row.required,
        defaults: row.defaults,
        deleteBeforeReplace: row.deleteBeforeReplace,
        computed: [
            ...new Set([...(row.hasNoArn ? [] : ["arn"]), ...ofEc2, ...(row.computed ?? []), "tagsAll"]),
        ],
        observed: ["tags", ...changing],
        replaceOn: fixedInputs,
        async create({ ec2 }, given, ctx) {
            const name = named !== undefined && { [named]: nameFor(given, ctx, named) };
            const answer = await send(ec2, row.create, {
                ...request({ ...given, ...name }, fixed),
                TagSpecifications: tagSpecification(kind, given),
            });
            const made = (row.made ? answer[row.made] : answer) as Props | undefined;
            return made?.[idName] as string | undefined;
        },
        finish: row.finish,
        update: row.update ?? retag,
        async describe(aws, id) {
            const found = await find(aws, id);
            if (!found || row.isGone?.(found)) return undefined;
            const { OwnerId, Tags } = found as { OwnerId?: string; Tags?: [] };
            return {
                ...(!row.hasNoArn && { arn: ec2Arn(aws, OwnerId, kind, id) }),
                ...renamed(found, { ...fixed, ...outputs }),
                ...(await row.more?.(found, id, aws)),
                ...tagOutputs(Tags),
            };
        },
        async remove(aws, id, state, ctx: Context) {
            await row.before?.(aws, id, state, ctx);
            const [codes, seconds] = row.busy ?? [/^$/, 0];
            await retrying(codes, seconds, ctx.signal, () => send(aws.ec2, row.remove, { [idName]: id }));
            await row.after?.(aws, id, state, ctx);
        },
    });
    return { ...resource, find };
}
