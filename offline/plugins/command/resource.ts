// What local and remote commands share: which script runs when, and which outputs the state keeps.
import { randomBytes } from "node:crypto";
import type { Context, Props } from "../../../providers/runtime/types";
import type { StandInResource } from "../stand-in";
import type { Captured } from "./output";

/** Runs a script to its end. Throws unless it exits with 0. */
export type Run = (inputs: Props, script: string, environment: Props, ctx: Context) => Promise<Captured>;

type Parts = Pick<StandInResource, "inputs" | "required" | "secretOutputs" | "check"> & { run: Run };

/** A change of `triggers` replaces the command; any other runs `update`, or `create` when there is no `update`. */
export function commandResource({ run, ...parts }: Parts): StandInResource {
    return {
        ...parts,
        computed: ["stdout", "stderr"],
        taintFrom: ["create", "update", "environment", "stdin"],
        replaceOn: ["triggers"],
        async create(inputs, ctx) {
            const id = `${ctx.name}${randomBytes(4).toString("hex")}`;
            const outs = inputs.create
                ? await run(inputs, inputs.create, previousOutput(inputs, {}), ctx)
                : { stdout: "", stderr: "" };
            return { id, outs };
        },
        async update(_id, olds, inputs, ctx) {
            const script = inputs.update ?? inputs.create;
            if (script) return { ...(await run(inputs, script, previousOutput(inputs, olds), ctx)) };
            return { stdout: olds.stdout, stderr: olds.stderr };
        },
        async delete(_id, state, ctx) {
            if (state.delete) await run(state, state.delete, previousOutput(state, state), ctx);
        },
    };
}

/** The last run's output as variables for the next run, unless it is empty. */
function previousOutput(inputs: Props, olds: Props): Props {
    if (inputs.addPreviousOutputInEnv === false) return {};
    return {
        ...(olds.stdout ? { PULUMI_COMMAND_STDOUT: olds.stdout } : {}),
        ...(olds.stderr ? { PULUMI_COMMAND_STDERR: olds.stderr } : {}),
    };
}
