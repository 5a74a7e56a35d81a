// What all resources on AWS have in common: how they are made and finished, seen, changed and found gone.
import { randomBytes } from "node:crypto";
import { type Context, NotConverged, type Props, UNKNOWN } from "../../../providers/runtime/types";
import { same } from "../../../providers/runtime/wire";
import type { StandInResource } from "../stand-in";
import { type Aws, clients } from "./clients";
import { unlessGone, until } from "./errors";

/** A resource by its calls. */
export interface AwsResource extends Pick<
    StandInResource,
    "inputs" | "required" | "defaults" | "replaceOn" | "deleteBeforeReplace" | "check"
> {
    /** Outputs that AWS fills in. */
    computed: readonly string[];
    /** Inputs that `describe` answers for: what it finds different from them is drift. Default: tags. */
    observed?: readonly string[];
    /** Makes it; its id. Nothing that can fail may follow here: it goes to `finish`. */
    create(aws: Aws, inputs: Props, ctx: Context): Promise<string>;
    /** Waits, and sets what create could not. Comes after create and after every update; may run again. */
    finish?(aws: Aws, id: string, inputs: Props, ctx: Context): Promise<void>;
    update?(aws: Aws, id: string, olds: Props, news: Props, ctx: Context): Promise<void>;
    /** What it is now, or undefined when it is gone; not found is gone, too. */
    describe(aws: Aws, id: string, state: Props, ctx: Context): Promise<Props | undefined>;
    /** Ends it; not found is ended. */
    remove?(aws: Aws, id: string, state: Props, ctx: Context): Promise<unknown>;
}

/** What was just made is not known everywhere at once: https://docs.aws.amazon.com/ec2/latest/devguide/eventual-consistency.html */
const KNOWN_SECONDS = 60;

/** A stand-in resource from what one of AWS's things is: made, described, changed and deleted. */
export function awsResource(spec: AwsResource): StandInResource {
    const { observed = ["tags"], computed } = spec;
    const described = (id: string, state: Props, ctx: Context) =>
        unlessGone(spec.describe(clients(ctx), id, state, ctx));
    const finished = async (id: string, inputs: Props, ctx: Context) => {
        try {
            await spec.finish?.(clients(ctx), id, inputs, ctx);
            return await until(`${ctx.name} (${id}) to be known`, KNOWN_SECONDS, ctx.signal, () =>
                described(id, inputs, ctx),
            );
        } catch (error) {
            // It is there, and costs money: it must not be forgotten.
            throw new NotConverged(id, inputs, [error instanceof Error ? error.message : String(error)]);
        }
    };
    const { update } = spec;
    return {
        inputs: spec.inputs,
        required: spec.required,
        defaults: spec.defaults,
        check: spec.check,
        computed,
        stable: computed.filter((key) => key !== "tagsAll"),
        replaceOn: spec.replaceOn,
        deleteBeforeReplace: spec.deleteBeforeReplace,
        drift: (state, inputs) =>
            observed.filter(
                (key) =>
                    inputs[key] !== undefined && inputs[key] !== UNKNOWN && !same(state[key], inputs[key]),
            ),
        async create(inputs, ctx) {
            const id = await spec.create(clients(ctx), inputs, ctx);
            return { id, outs: await finished(id, inputs, ctx) };
        },
        ...(update && {
            async update(id, olds, news, ctx) {
                await update(clients(ctx), id, olds, news, ctx);
                return finished(id, news, ctx);
            },
        }),
        async read(id, state, ctx) {
            const found = await described(id, state, ctx);
            return found ? { id, outs: { ...state, ...found } } : {};
        },
        async delete(id, state, ctx) {
            const removal = spec.remove?.(clients(ctx), id, state, ctx);
            if (removal) await unlessGone(removal);
        },
    } satisfies StandInResource;
}

/** The given name, or one made of the resource's name as the engine does it. */
export function nameFor(inputs: Props, ctx: Context, key = "name"): string {
    const suffix = () => randomBytes(4).toString("hex");
    const prefix = inputs[`${key}Prefix`] as string | undefined;
    if (prefix !== undefined) return `${prefix}${suffix()}${suffix()}`;
    return (inputs[key] as string | undefined) ?? `${ctx.name}-${suffix().slice(0, 7)}`;
}

/** The value that an answer of the API must hold. */
export function must<T>(value: T | undefined, what: string): T {
    if (value === undefined) throw new Error(`AWS answered without ${what}`);
    return value;
}

/** The name that policies know one of EC2's things by. */
export function ec2Arn({ region }: Aws, owner: string | undefined, kind: string, id: string): string {
    return `arn:aws:ec2:${region}:${owner ?? ""}:${kind}/${id}`;
}
