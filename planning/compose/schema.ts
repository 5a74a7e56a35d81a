// The keys of a compose file that `docker stack deploy` takes: versions 3.0 to 3.13 of docker/cli's schema, and what
// compose's specification has beside it that Skep carries out itself (content and variables of secrets and configs).
import {
    anything,
    boolean,
    choice,
    dict,
    duration,
    either,
    formed,
    integer,
    keys,
    list,
    number,
    type Shape,
    since,
    text,
    uniqueList,
} from "./shapes";

/** The newest minor number of version 3, which a file without a version has. */
export const NEWEST_MINOR = 13;

const NAME = /^[a-zA-Z0-9._-]+$/;
const nothing: Shape = { scalars: ["null"] };
const texts = uniqueList(text);
const textOrTexts = either(text, texts);
const listOrDict = either(texts, dict({ scalars: ["text", "number", "null"] }));
const command = either(text, list(text));
const options = dict({ scalars: ["text", "number"] });
const external = either(boolean, keys({ name: text }));

/** A file in a container that comes from a secret or a config. */
const mounted = list(
    either(text, keys({ source: text, target: text, uid: text, gid: text, mode: number }, { more: "all" })),
);

const change = {
    parallelism: integer,
    delay: duration,
    failure_action: choice("continue", "pause", "rollback"),
    monitor: duration,
    max_failure_ratio: number,
};
const order = choice("start-first", "stop-first");

const cpus = formed(/^(\d+(\.\d{0,9})?|\.\d{1,9}|\d+\/\d+)$/, "it must be a number such as 0.5");
const memory = formed(/^\d+(\.\d+)? ?([kmgtp]?i?b?)$/i, "it must be a size such as 64M");

const resources = keys({
    limits: keys({ cpus, memory, pids: since(9, integer) }),
    reservations: keys({
        cpus,
        memory,
        generic_resources: since(
            5,
            list(keys({ discrete_resource_spec: keys({ kind: text, value: number }) })),
        ),
    }),
});

const deploy = either(
    nothing,
    keys({
        mode: choice("replicated", "global", "replicated-job", "global-job"),
        endpoint_mode: since(2, choice("vip", "dnsrr")),
        replicas: integer,
        labels: listOrDict,
        update_config: keys({ ...change, order: since(4, order) }),
        rollback_config: since(7, keys({ ...change, order })),
        resources,
        restart_policy: keys({
            condition: choice("none", "on-failure", "any"),
            delay: duration,
            max_attempts: integer,
            window: duration,
        }),
        placement: keys({
            constraints: list(text),
            preferences: since(3, list(keys({ spread: text }))),
            max_replicas_per_node: since(8, integer),
        }),
    }),
);

const healthcheck = keys({
    disable: boolean,
    interval: duration,
    retries: number,
    test: command,
    timeout: duration,
    start_period: since(4, duration),
    start_interval: since(12, duration),
});

const ports = uniqueList(
    either(
        { scalars: ["number", "text"] },
        keys({
            mode: choice("ingress", "host"),
            target: integer,
            published: integer,
            protocol: choice("tcp", "udp", "sctp"),
        }),
    ),
);

const volumes = uniqueList(
    either(
        text,
        keys(
            {
                type: choice("volume", "bind", "tmpfs", "npipe", "cluster"),
                source: text,
                target: text,
                read_only: boolean,
                consistency: text,
                bind: keys({ propagation: text }, { more: "all" }),
                volume: keys({ nocopy: boolean }, { more: "all" }),
                tmpfs: since(6, keys({ size: integer }, { more: "all" })),
            },
            { required: ["type"] },
        ),
    ),
);

const attachment = either(
    nothing,
    keys({
        aliases: texts,
        driver_opts: since(13, options),
        ipv4_address: text,
        ipv6_address: text,
    }),
);

const ulimit = either(integer, keys({ hard: integer, soft: integer }, { required: ["soft", "hard"] }));

const build = either(
    text,
    keys(
        {
            context: text,
            dockerfile: text,
            args: listOrDict,
            labels: listOrDict,
            cache_from: texts,
            network: text,
            target: text,
            shm_size: { scalars: ["integer", "text"] },
            extra_hosts: listOrDict,
        },
        { more: "all" },
    ),
);

const service = keys(
    {
        deploy,
        build,
        cap_add: texts,
        cap_drop: texts,
        cgroupns_mode: since(9, text),
        cgroup_parent: text,
        command,
        configs: since(3, mounted),
        container_name: text,
        credential_spec: since(3, keys({ config: since(8, text), file: text, registry: text })),
        depends_on: texts,
        devices: texts,
        dns: textOrTexts,
        dns_search: textOrTexts,
        domainname: text,
        entrypoint: command,
        env_file: textOrTexts,
        environment: listOrDict,
        expose: uniqueList({ scalars: ["text", "number"] }),
        external_links: texts,
        extra_hosts: listOrDict,
        group_add: uniqueList({ scalars: ["text", "number"] }),
        healthcheck,
        hostname: text,
        image: text,
        init: since(7, boolean),
        ipc: text,
        isolation: since(5, text),
        labels: listOrDict,
        links: texts,
        logging: keys({ driver: text, options: dict({ scalars: ["text", "number", "null"] }) }),
        mac_address: text,
        network_mode: text,
        networks: either(texts, dict(attachment, NAME)),
        oom_score_adj: since(13, integer),
        pid: { scalars: ["text", "null"] },
        ports,
        privileged: boolean,
        read_only: boolean,
        restart: text,
        security_opt: texts,
        secrets: since(1, mounted),
        shm_size: { scalars: ["number", "text"] },
        stdin_open: boolean,
        stop_grace_period: duration,
        stop_signal: text,
        sysctls: listOrDict,
        tmpfs: textOrTexts,
        tty: boolean,
        ulimits: dict(ulimit, /^[a-z]+$/),
        user: text,
        userns_mode: text,
        volumes,
        working_dir: text,
    },
    { more: "x-" },
);

const network = either(
    nothing,
    keys(
        {
            name: since(5, text),
            driver: text,
            driver_opts: options,
            ipam: keys({ driver: text, config: list(keys({ subnet: text })) }),
            external,
            internal: boolean,
            attachable: since(2, boolean),
            labels: listOrDict,
        },
        { more: "x-" },
    ),
);

const volume = either(
    nothing,
    keys(
        {
            name: since(4, text),
            driver: text,
            driver_opts: options,
            external,
            labels: listOrDict,
            "x-cluster-spec": since(10, anything),
        },
        { more: "x-" },
    ),
);

const object = {
    name: since(5, text),
    file: text,
    external,
    labels: listOrDict,
    template_driver: since(8, text),
    // Of compose's specification: Skep makes such secrets and configs itself.
    environment: text,
};
const secret = keys({ ...object, driver: since(8, text), driver_opts: since(8, options) }, { more: "x-" });
const config = keys({ ...object, content: text }, { more: "x-" });

/** A compose file. */
export const FILE: Shape = keys(
    {
        version: text,
        services: either(nothing, dict(service, NAME)),
        networks: dict(network, NAME),
        volumes: dict(volume, NAME),
        secrets: since(1, dict(secret, NAME)),
        configs: since(3, dict(config, NAME)),
    },
    { more: "x-" },
);

const LIMITS = "limits are set in deploy.resources";

/** Why a key is refused, and what to write in its place. */
export const REASONS: Readonly<Record<string, string>> = {
    name: "the stack's name is given by whoever deploys it",
    include: "Docker takes one file only; put the included services into it",
    extends: "Docker does not extend services; a YAML anchor and a merge key (<<) do the same",
    profiles: "Docker knows no profiles; put those services into another stack",
    develop: "a swarm has nothing to watch for changes; leave it out",
    volume_driver: "the driver is set in the volume's own entry under volumes",
    volumes_from: "name the same volume in both services",
    cpus: LIMITS,
    cpu_count: LIMITS,
    cpu_quota: LIMITS,
    cpu_shares: LIMITS,
    cpuset: "the swarm has no such limit; deploy.resources has those that it has",
    mem_limit: LIMITS,
    mem_reservation: "reservations are set in deploy.resources",
    memswap_limit: LIMITS,
    pids_limit: LIMITS,
    scale: "the number of tasks is set in deploy.replicas",
    platform: "write deploy.placement with a constraint on node.platform.arch",
    gpus: "write deploy.resources.reservations.generic_resources",
    content: "a secret has a file or an environment; content would be readable in the compose file",
};
