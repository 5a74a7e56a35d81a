// What goes into the rendering of a compose file, and what comes out.

/** `mesh`: every node answers, through virtual IPs. `host`: only nodes with a task answer, through DNS round robin. */
export type PublishMode = "mesh" | "host";

/** A compose file, and what surrounds it. */
export interface ComposeInputs {
    /** The compose file's text. */
    text: string;
    /** The compose file's path, for messages. Default: compose.yaml. */
    path?: string;
    /** The swarm stack's name; the names of its secrets and configs begin with it. */
    stack: string;
    publish: PublishMode;
    /** Whether the networks are encrypted. A network that exists stays as it was made. */
    encrypted: boolean;
    /** All variables that the file may use, by name. */
    variables: Readonly<Record<string, string>>;
    /** The text of a file beside the compose file, by its path as it is written there; undefined if there is none. */
    files?: (path: string) => string | undefined;
    /** Images by the service that they were built for. They take the place of `build:`. */
    images?: Readonly<Record<string, string>>;
    /** Values of secrets that Skep gives, by the name that the compose file uses. */
    secrets?: Readonly<Record<string, string>>;
    /** As `secrets`, for values that are not secret. */
    configs?: Readonly<Record<string, string>>;
    /** How many nodes the swarm has. Where it is not known, a start-first update on ports of nodes is always refused. */
    nodes?: number;
}

/** Something to say about a line of a compose file. */
export interface Note {
    /** Counted from 1. */
    line: number;
    path: string;
    /** One sentence without a full stop at its end. */
    text: string;
}

/** A secret or a config to create before the deployment. */
export interface Named {
    value: string;
    labels?: Record<string, string>;
    templateDriver?: string;
}

/** A port that a service publishes. */
export interface Port {
    target: number;
    /** Undefined: the swarm or the node picks one. */
    published?: number;
    protocol: string;
    mode: string;
}

/** Plain data, as a `build:` section has it once its variables are filled in. */
export type Plain = string | number | boolean | null | readonly Plain[] | { readonly [key: string]: Plain };

/** What a preview says of a service. */
export interface PlannedService {
    name: string;
    /** Undefined if the image is yet to be built. */
    image?: string;
    /** Such as `replicated` or `global`. */
    mode: string;
    /** Undefined for global ones. */
    replicas?: number;
    /** A digest of each value, by the variable's name: values may be secret. */
    environment: Record<string, string>;
    ports: Port[];
    /** The `build:` section, with its variables filled in. */
    build?: Plain;
}

/** A compose file for `docker stack deploy`, with what has to exist before it is deployed. */
export interface RenderedStack {
    /** Empty if the text is no YAML. Only of use while there are no problems. */
    compose: string;
    /** Secrets to create before the deployment, by their name in the swarm. */
    secrets: Record<string, Named>;
    configs: Record<string, Named>;
    /** What the swarm will not do, though the file says it. */
    warnings: Note[];
    /** What makes the file impossible to deploy: all that could be found at once. */
    problems: Note[];
    services: PlannedService[];
}
