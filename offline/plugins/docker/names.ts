// Names and labels in the forms that Pulumi and Docker have for them.
import { randomBytes } from "node:crypto";
import type { Context, Props } from "../../../providers/runtime/types";

/** The given name, or one made of the resource's name as Pulumi does it. */
export function nameFor(inputs: Props, ctx: Context): string {
    return inputs.name ?? `${ctx.name}-${randomBytes(4).toString("hex").slice(0, 7)}`;
}

/** Labels as the engine's API takes them. */
export function labelMap(labels: { label: string; value: string }[] = []): Record<string, string> {
    return Object.fromEntries(labels.map(({ label, value }) => [label, value]));
}
