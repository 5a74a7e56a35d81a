// What all resources on AWS share: they are made and finished, described, changed, and found gone.
import { type Context, NotConverged, type Props, UNKNOWN } from "../../../providers/runtime/types";
import { same } from "../../../providers/runtime/wire";
import { until } from "../shared";
import type { StandInResource } from "../stand-in";
import { type Aws, clients } from "./clients";
import { unlessGone } from "./errors";

/** A resource by its calls. */
export interface AwsResource extends Pick<
    StandInResource,
    "inputs" | "required" | "defaults" | "replaceOn" | "deleteBeforeReplace" | "check"
> {
    /** Outputs that AWS fills in. */
    computed?: readonly string[];
    /** Inputs that `describe` reads back: a difference from the program is drift. Default: tags. */
    observed?: readonly string[];
    /** Makes it and returns its id. Anything after it that can fail belongs to `finish`. */
    create(aws: Aws, inputs: Props, ctx: Context): Promise<string | undefined>;
    /** Waits, and sets what `create` could not. Runs after create and after every update, and may run again. */
    finish?(aws: Aws, id: string, inputs: Props, ctx: Context): Promise<unknown>;
    update?(aws: Aws, id: string, olds: Props, news: Props, ctx: Context): Promise<unknown>;
    /** Its properties now, or undefined when it is gone. An error that says "not found" means gone, too. */
    describe(aws: Aws, id: string, state: Props, ctx: Context): Promise<Props | undefined>;
    /** Deletes it. An error that says "not found" is a success. */
    remove?(aws: Aws, id: string, state: Props, ctx: Context): Promise<unknown>;
}

/** AWS's servers learn of a new resource one after another: https://docs.aws.amazon.com/ec2/latest/devguide/eventual-consistency.html */
export const KNOWN_SECONDS = 60;

/** A stand-in resource from its calls. */
export function awsResource(spec: AwsResource): StandInResource {
    const { observed = ["tags"], computed = [], update } = spec;
    const described = (id: string, state: Props, ctx: Context) =>
        unlessGone(spec.describe(clients(ctx), id, state, ctx));
    const finished = async (id: string, inputs: Props, ctx: Context) => {
        try {
            await spec.finish?.(clients(ctx), id, inputs, ctx);
            return await until(`${ctx.name} (${id}) to be known`, KNOWN_SECONDS, ctx.signal, () =>
                described(id, inputs, ctx),
            );
        } catch (error) {
            // The resource exists and costs money: the state must keep it.
            throw new NotConverged(id, inputs, [error instanceof Error ? error.message : String(error)]);
        }
    };
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
            const id = must(await spec.create(clients(ctx), inputs, ctx), `the id of ${ctx.name}`);
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

/** The value, which the API's answer must hold. */
export function must<T>(value: T | undefined, what: string): T {
    if (value === undefined) throw new Error(`AWS answered without ${what}`);
    return value;
}

/** The ARN of one of EC2's resources. */
export function ec2Arn({ region }: Aws, owner: string | undefined, kind: string, id: string): string {
    return `arn:aws:ec2:${region}:${owner ?? ""}:${kind}/${id}`;
}

/** Values under other names: `names` says which name in the result has its value under which name in `values`. */
export function renamed(values: Props, names: Record<string, string>): Props {
    const entries = Object.entries(names).map(([to, from]) => [to, values[from] as unknown] as const);
    return Object.fromEntries(entries.filter(([, value]) => value !== undefined));
}

/** The same values under AWS's names, for a request. */
export function request(inputs: Props, names: Record<string, string>): Props {
    return renamed(inputs, Object.fromEntries(Object.entries(names).map(([ours, theirs]) => [theirs, ours])));
}

/** The program's list when AWS has the same items, in whatever order; else AWS's. */
export function inOrder(given: unknown, found: string[]): string[] {
    const wanted = (given ?? []) as string[];
    return wanted.length === found.length && found.every((item) => wanted.includes(item)) ? wanted : found;
}
