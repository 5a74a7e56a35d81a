// Turns one of Skep's compose files into the one for `docker stack deploy`: fills in variables, names secrets and configs
// by their content, and publishes ports in a way that the hosts' kernel supports.

import { createHash } from "node:crypto";
import { parse, stringify } from "yaml";

/** `mesh`: every node answers, through virtual IPs. `host`: only nodes with a task answer, through DNS round robin. */
export type PublishMode = "mesh" | "host";

export interface ComposeInputs {
    /** The compose file's text. */
    text: string;
    /** The swarm stack's name; the names of its secrets and configs begin with it. */
    stack: string;
    variables: Readonly<Record<string, string>>;
    /** Values by the name that the compose file uses. */
    secrets?: Readonly<Record<string, string>>;
    configs?: Readonly<Record<string, string>>;
    publish: PublishMode;
    /** Whether the networks are encrypted. A network that exists stays as it was made. */
    encrypted: boolean;
}

export interface RenderedStack {
    compose: string;
    /** Secrets to create before the deployment, by their name in the swarm. */
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
    networks?: Record<string, object>;
    secrets?: Record<string, unknown>;
    configs?: Record<string, unknown>;
}

/** Renders the compose file. Throws when a variable has no value; the error names the variable. */
export function renderStack(inputs: ComposeInputs): RenderedStack {
    const compose = parse(fillIn(inputs.text, inputs.variables)) as Compose;
    const secrets = nameByContent(inputs.stack, inputs.secrets ?? {});
    const configs = nameByContent(inputs.stack, inputs.configs ?? {});
    for (const service of Object.values(compose.services)) publishAs(service, inputs.publish);
    return {
        // Engines up to 24 refuse a file without a version; newer engines ignore it.
        compose: stringify(
            {
                ...compose,
                version: "3.9",
                ...(compose.networks && inputs.encrypted && { networks: encrypted(compose.networks) }),
                ...(compose.secrets && { secrets: external(secrets) }),
                ...(compose.configs && { configs: external(configs) }),
            },
            { lineWidth: 0 },
        ),
        secrets: Object.fromEntries(Object.values(secrets).map(({ name, value }) => [name, value])),
        configs: Object.fromEntries(Object.values(configs).map(({ name, value }) => [name, value])),
    };
}

/** Fills in `${NAME}`. `$$` stays: compose reads it as a dollar sign. */
function fillIn(text: string, variables: Readonly<Record<string, string>>): string {
    return text.replace(/\$\{([A-Z][A-Z0-9_]*)\}/g, (_, name: string) => {
        const value = variables[name];
        if (value === undefined) throw new Error(`the compose file asks for ${name}, which is not set`);
        return value;
    });
}

/**
 * Puts a hash of the content into each name: swarm cannot change a secret or a config ("only updates to Labels are
 * allowed", moby/moby#35048), so new content needs a new name.
 */
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

/** CIS 7.3 */
function encrypted(networks: Readonly<Record<string, object>>) {
    return Object.fromEntries(
        Object.entries(networks).map(([name, network]) => [
            name,
            { ...network, driver_opts: { encrypted: "true" } },
        ]),
    );
}

/** Virtual IPs and the mesh both need IPVS. Without it, names resolve to tasks, and each node publishes its own tasks' ports. */
function publishAs(service: Service, publish: PublishMode): void {
    if (publish === "mesh") return;
    for (const port of service.ports ?? []) port.mode = "host";
    service.deploy = { ...service.deploy, endpoint_mode: "dnsrr" };
}
