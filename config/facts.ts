// What Skep chose once for a stack: its facts. Their home is the stack's state, as outputs of the component of its hosts;
// program.ts writes them with every up. Commands read them from there (cli/stack/facts.ts).

import { GENERATED, type Settings } from "./settings";

/** The Docker engine that has a lab's hosts. */
export interface LabEngine {
    /** The engine's own id; it stays the same as long as the engine's data. */
    id: string;
    /** Where it was reached last, as DOCKER_HOST has it. */
    endpoint: string;
}

/** Chosen settings, and what else later commands must hold to. None is secret. */
export interface Facts extends Partial<Pick<Settings, (typeof GENERATED)[number]>> {
    /** The kind of plugins that the stack was made with. */
    plugins?: string;
    /** The Docker engine that has the hosts; labs only. */
    engine?: LabEngine;
}

/** Those of the facts that are settings, without what is missing. */
export function chosenSettings(facts: Facts): Partial<Settings> {
    return Object.fromEntries(
        GENERATED.flatMap((key) => (facts[key] === undefined ? [] : [[key, facts[key]]])),
    );
}
