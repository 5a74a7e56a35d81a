// `npm run skep -- output`: prints a stack's outputs. A secret is printed only if it is asked for by name.

import { skepError } from "../../errors";
import { createProgress } from "../../scripts/setup/progress";
import { setup } from "../../scripts/setup/setup";
import { madeWith } from "../stack/facts";
import { findStack } from "../pulumi/workspace";
import type { Options } from "../options";
import { factsOfStack } from "../prepare";
import { printJson, suffix } from "../print";

/** Prints all outputs without secrets, or one by its name, secret or not. Throws STACK_DOWN or OUTPUT_UNKNOWN. */
export async function output(name: string | undefined, options: Options): Promise<void> {
    const progress = createProgress({ silent: true });
    const { facts } = await factsOfStack(options.stack, progress);
    const tools = await setup({ progress, needs: "pulumi", made: madeWith(facts) });
    const stack = await findStack(options.stack, tools);
    const outputs = (await stack?.outputs()) ?? {};
    if (Object.keys(outputs).length === 0)
        throw skepError(
            "STACK_DOWN",
            `The stack "${options.stack}" is not up.`,
            `Bring it up with: npm run up${suffix(options)}`,
        );

    if (name === undefined) {
        const shown = Object.entries(outputs).map(([key, { value, secret }]) => [
            key,
            secret ? "[secret]" : value,
        ]);
        return printJson(Object.fromEntries(shown));
    }
    const found = outputs[name];
    if (found === undefined)
        throw skepError(
            "OUTPUT_UNKNOWN",
            `The stack "${options.stack}" has no output ${name}.`,
            `It has ${Object.keys(outputs).sort().join(", ")}.`,
        );
    if (options.json || typeof found.value !== "string") printJson(found.value);
    else console.log(found.value);
}
