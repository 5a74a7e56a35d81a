// What all stand-ins share: they cover the types and inputs that Skep uses, and refuse any other by its name.
import type { CheckFailure, Provider, Props, Resource } from "../../providers/runtime/types";

/** A resource that names every input it honours. */
export interface StandInResource extends Resource {
    /** Any other input is refused, unless it has its default value. */
    inputs: readonly string[];
}

interface Definition {
    name: string;
    version: string;
    resources: Record<string, StandInResource>;
    functions?: Provider["functions"];
    /** Provider configuration that is honoured; any other is refused. */
    config?: readonly string[];
    configure?: Provider["configure"];
}

/** Pulumi sets these, not the program. */
const PULUMI_CONFIG = ["version", "pluginDownloadURL"];

/** A provider made of stand-in resources. */
export function standIn(definition: Definition): Provider {
    const { name, version, resources, functions, config: honoured = [] } = definition;
    const limits = `the stand-in for the official ${name} plugin covers only what Skep uses.`;
    const guarded = Object.entries(resources).map(([type, resource]) => [
        type,
        {
            ...resource,
            check: (inputs: Props) => [
                ...uncovered(type, resource, inputs, limits),
                ...(resource.check?.(inputs) ?? []),
            ],
        },
    ]);
    return {
        name,
        version,
        resources: Object.fromEntries(guarded) as Record<string, Resource>,
        functions,
        async configure(config) {
            const [unknown] = unknownKeys(config, [...PULUMI_CONFIG, ...honoured]);
            if (unknown) throw new Error(`the configuration ${name}:${unknown} is not covered: ${limits}`);
            await definition.configure?.(config);
        },
        unknownToken: (token) => `${token} is not covered: ${limits}`,
    };
}

function uncovered(type: string, resource: StandInResource, inputs: Props, limits: string): CheckFailure[] {
    return unknownKeys(inputs, resource.inputs)
        .filter((key) => inputs[key] !== resource.defaults?.[key])
        .map((property) => ({ property, reason: `'${property}' of ${type} is not covered: ${limits}` }));
}

/** Keys that begin with `__` are Pulumi's own. */
function unknownKeys(given: Props, known: readonly string[]): string[] {
    return Object.keys(given).filter((key) => !key.startsWith("__") && !known.includes(key));
}
