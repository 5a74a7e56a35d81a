// `skep stack diff`: what an up would change in one swarm stack.

import { openStack } from "../pulumi/workspace";
import { operate } from "../pulumi/operate";
import type { Options } from "../options";
import { hasColour, planLines } from "../plan";
import { ready } from "../prepare";
import { planSummary, printJson, suffix } from "../print";
import { nameUnknown } from "../stack/standing";

/** Previews the whole stack of Pulumi's, and prints what that changes in the swarm stack. Throws NAME_UNKNOWN. */
export async function stackDiff(name: string, options: Options): Promise<void> {
    const { progress, tools, program, settings } = await ready(options);
    const known = [
        "registry",
        ...(settings.sample.enabled ? ["sample"] : []),
        ...Object.keys(settings.stacks),
    ];
    if (!known.includes(name))
        throw nameUnknown(
            `The settings have no stack "${name}".`,
            name,
            known,
            `They have ${known.join(", ")}.`,
        );
    const { stack } = await openStack(options, tools, program);
    const outcome = await progress.step(`Previewing ${name}`, () => operate(stack, "preview", progress));
    const isOwn = (resource: string) =>
        resource === name ||
        resource === `${name}-stack` ||
        (resource.startsWith(`${name}-`) && resource.endsWith("-image"));
    const steps = outcome.steps.filter((step) => isOwn(step.name));
    if (options.json) return printJson({ stack: name, steps });
    const { columns } = process.stdout;
    for (const line of planLines(steps, { verbose: true, colour: hasColour(process.stdout), columns }))
        console.log(line);
    console.log(steps.length === 0 ? "No changes" : planSummary({ ...outcome, steps }));
    if (steps.length > 0 && !options.quiet) console.log(`\nNext: npm run up${suffix(options)}`);
}
