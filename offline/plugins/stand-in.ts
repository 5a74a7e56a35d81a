// What all stand-ins share: they cover exactly the types and inputs that Skep uses and say so about anything else.
import type { CheckFailure, Provider, Props, Resource } from "../../providers/runtime/types";

/** A resource that names every input it honours; no other input is silently ignored. */
export interface StandInResource extends Resource {
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

/** Given by the engine, not by the program. */
const ENGINE_CONFIG = ["version", "pluginDownloadURL"];

/** A provider made of stand-in resources. */
export function standIn(definition: Definition): Provider {
    const { name, version, resources, functions, config: honoured = [] } = definition;
    const guarded = Object.entries(resources).map(([type, resource]) => [type, guard(name, type, resource)]);
    return {
        name,
        version,
        resources: Object.fromEntries(guarded) as Record<string, Resource>,
        functions,
        async configure(config) {
            const known = [...ENGINE_CONFIG, ...honoured];
            const [unknown] = Object.keys(config).filter(
                (key) => !key.startsWith("__") && !known.includes(key),
            );
            if (unknown)
                throw new Error(`the configuration ${name}:${unknown} is not covered: ${limits(name)}`);
            await definition.configure?.(config);
        },
        unknownToken: (token) => `${token} is not covered: ${limits(name)}`,
    };
}

function guard(name: string, type: string, resource: StandInResource): Resource {
    return {
        ...resource,
        check: (inputs) => [...uncovered(name, type, resource, inputs), ...(resource.check?.(inputs) ?? [])],
    };
}

function uncovered(name: string, type: string, resource: StandInResource, inputs: Props): CheckFailure[] {
    const unknown = Object.keys(inputs).filter(
        (key) => !key.startsWith("__") && !resource.inputs.includes(key),
    );
    return unknown.map((property) => ({
        property,
        reason: `'${property}' of ${type} is not covered: ${limits(name)}`,
    }));
}

function limits(name: string): string {
    return `the stand-in for the official ${name} plugin covers only what Skep uses.`;
}
