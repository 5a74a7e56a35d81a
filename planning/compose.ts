// Turns a compose file of ours into the one that `docker stack deploy` gets: variables filled in, secrets and configs
// named by their content, ports published in the way that the hosts' kernel can carry out.

import { createHash } from "node:crypto";
import { parse, stringify } from "yaml";

/** `mesh`: every node answers, by virtual IPs. `host`: nodes with a task answer, by DNS round robin. */
export type PublishMode = "mesh" | "host";

export interface ComposeInputs {
    /** The compose file's text. */
    text: string;
    /** The stack's name: part of the names of its secrets and configs. */
    stack: string;
    variables: Readonly<Record<string, string>>;
    /** By the names that the file has. */
    secrets?: Readonly<Record<string, string>>;
    configs?: Readonly<Record<string, string>>;
    publish: PublishMode;
}

export interface RenderedStack {
    compose: string;
    /** What to make before deploying, by its name in the swarm. */
    secrets: Record<string, string>;
    configs: Record<string, string>;
}

interface Port {
    mode?: string;
}
interface Service {
    ports?: Port[];
    deploy?: { endpoint_mode?: string };
}
interface Compose {
    version?: string;
    services: Record<string, Service>;
    secrets?: Record<string, unknown>;
    configs?: Record<string, unknown>;
}

/** Throws with the variable's name when one is missing. */
export function renderStack(inputs: ComposeInputs): RenderedStack {
    const compose = parse(fillIn(inputs.text, inputs.variables)) as Compose;
    const secrets = nameByContent(inputs.stack, inputs.secrets ?? {});
    const configs = nameByContent(inputs.stack, inputs.configs ?? {});
    for (const service of Object.values(compose.services)) publishAs(service, inputs.publish);
    return {
        // Engines up to 24 refuse a file without a version; newer ones take it as it is.
        compose: stringify(
            {
                ...compose,
                version: "3.9",
                ...(compose.secrets && { secrets: external(secrets) }),
                ...(compose.configs && { configs: external(configs) }),
            },
            { lineWidth: 0 },
        ),
        secrets: Object.fromEntries(Object.values(secrets).map(({ name, value }) => [name, value])),
        configs: Object.fromEntries(Object.values(configs).map(({ name, value }) => [name, value])),
    };
}

/** Fills in `${NAME}`. `$$` stays: it is compose's own way to write a dollar. */
function fillIn(text: string, variables: Readonly<Record<string, string>>): string {
    return text.replace(/\$\{([A-Z][A-Z0-9_]*)\}/g, (_, name: string) => {
        const value = variables[name];
        if (value === undefined) throw new Error(`the compose file asks for ${name}, which is not set`);
        return value;
    });
}

/** Swarm can change neither a secret nor a config ("only updates to Labels are allowed", moby/moby#35048). */
function nameByContent(stack: string, contents: Readonly<Record<string, string>>) {
    return Object.fromEntries(
        Object.entries(contents).map(([key, value]) => {
            const hash = createHash("sha256").update(value).digest("hex").slice(0, 12);
            return [key, { name: `${stack}_${key}_${hash}`, value }];
        }),
    );
}

function external(named: Record<string, { name: string }>) {
    return Object.fromEntries(
        Object.entries(named).map(([key, { name }]) => [key, { external: true, name }]),
    );
}

/** Virtual IPs and the mesh both need IPVS: without it names resolve to tasks and ports belong to their nodes. */
function publishAs(service: Service, publish: PublishMode): void {
    if (publish === "mesh") return;
    for (const port of service.ports ?? []) port.mode = "host";
    service.deploy = { ...service.deploy, endpoint_mode: "dnsrr" };
}
