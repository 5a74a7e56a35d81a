// Which keys of daemon.json and which options of log drivers Skep takes, and why it refuses the others. No I/O.

/** Keys that a setting gives: the two would contradict each other. */
export const KEYS_OF_SETTINGS: Readonly<Record<string, string>> = {
    "log-driver": "skep:engine.logDriver",
    "log-opts": "skep:engine.logOptions",
    "default-address-pools": "skep:addressPools.bridge",
    "no-new-privileges": "skep:engine.noNewPrivileges",
    icc: "skep:engine.icc",
    "userland-proxy": "skep:engine.userlandProxy",
    dns: "skep:engine.dns.servers",
    "dns-search": "skep:engine.dns.search",
    "dns-opts": "skep:engine.dns.options",
    "registry-mirrors": "skep:engine.mirrors",
    labels: "skep:engine.labels",
    "metrics-addr": "skep:engine.metrics",
    "default-ulimits": "skep:engine.ulimits",
    features: "skep:engine.features",
    "shutdown-timeout": "skep:engine.shutdownTimeout",
    "data-root": "skep:engine.dataRoot",
    "storage-driver": "skep:engine.storageDriver",
    proxies: "skep:proxy",
};

const BY_UNIT = {
    why: "the engine's unit says where it listens and by which certificates, and an engine that is told twice does not start",
    way: "Take it out. Managers answer on 2376 with a certificate of the stack's CA.",
};

/** Keys that no host of a swarm of Skep's can have: why, and what to do. */
export const KEYS_REFUSED: Readonly<Record<string, { why: string; way: string }>> = {
    "live-restore": {
        why: "an engine with live-restore cannot be in a swarm",
        way: "Take it out. Skep drains a host before its engine restarts.",
    },
    "insecure-registries": {
        why: "images from such a registry can be changed on their way",
        way: "Give the registry a certificate, and put its CA into /etc/docker/certs.d/NAME:PORT/ca.crt on the hosts. Skep's own registry has its CA there.",
    },
    "userns-remap": {
        why: "it moves the engine's data, the node's membership included, to a folder of its own",
        way: "Take it out, and give services a user of their own.",
    },
    graph: {
        why: "the engine does not know it since 23.0",
        way: "Set skep:engine.dataRoot.",
    },
    hosts: BY_UNIT,
    tls: BY_UNIT,
    tlsverify: BY_UNIT,
    tlscacert: BY_UNIT,
    tlscert: BY_UNIT,
    tlskey: BY_UNIT,
};

/** Storage drivers that no engine has any more, with the version that dropped each. */
export const DRIVERS_GONE: Readonly<Record<string, string>> = {
    aufs: "24.0",
    overlay: "24.0",
    devicemapper: "25.0",
};

const TEXT = { form: /^.+$/, what: "a text" };
const FLAG = { form: /^(true|false)$/, what: '"true" or "false"' };
const COUNT = { form: /^[1-9]\d*$/, what: 'a number in quotes, such as "3"' };
const SIZE = { form: /^[1-9]\d*[kmg]?$/, what: 'a size such as "10m"' };
const TIME = { form: /^\d+(\.\d+)?(ms|s|m|h)$/, what: 'a time such as "1s"' };
const HTTP = { form: /^https?:\/\/[^\s@]+$/, what: 'a URL such as "https://logs.example:8088"' };
const LEVEL = { form: /^-?[0-9]$/, what: "a level from -1 to 9, in quotes" };
const TAGGED = { tag: TEXT, labels: TEXT, "labels-regex": TEXT, env: TEXT, "env-regex": TEXT };
/** Of every driver: how the engine hands lines over, and what it keeps itself so that `docker logs` can show them. */
const EVERY = {
    mode: { form: /^(blocking|non-blocking)$/, what: "blocking or non-blocking" },
    "max-buffer-size": SIZE,
    "cache-disabled": FLAG,
    "cache-max-size": SIZE,
    "cache-max-file": COUNT,
    "cache-compress": FLAG,
};

/** What an option's value looks like. */
export interface OptionForm {
    form: RegExp;
    /** The form in words. */
    what: string;
}

/** The options of each log driver (Docker's manual, "Configure logging drivers"), and those without which it logs nothing. */
export const LOG_DRIVERS = {
    "json-file": { options: { "max-size": SIZE, "max-file": COUNT, compress: FLAG, ...TAGGED }, needs: [] },
    local: { options: { "max-size": SIZE, "max-file": COUNT, compress: FLAG }, needs: [] },
    syslog: {
        options: {
            "syslog-address": {
                form: /^((tcp|udp|tcp\+tls):\/\/[^\s/@]+(:\d+)?|unix(gram)?:\/\/\/\S+)$/,
                what: 'an address such as "tcp+tls://logs.example:6514"',
            },
            "syslog-facility": TEXT,
            "syslog-tls-ca-cert": TEXT,
            "syslog-tls-cert": TEXT,
            "syslog-tls-key": TEXT,
            "syslog-tls-skip-verify": FLAG,
            "syslog-format": { form: /^rfc(3164|5424(micro)?)$/, what: "rfc3164, rfc5424 or rfc5424micro" },
            ...TAGGED,
        },
        needs: [],
    },
    journald: { options: TAGGED, needs: [] },
    fluentd: {
        options: {
            "fluentd-address": {
                form: /^((tcp|tls):\/\/)?[^\s/@]+(:\d+)?$|^unix:\/\/\/\S+$/,
                what: 'an address such as "logs.example:24224"',
            },
            "fluentd-async": FLAG,
            "fluentd-async-reconnect-interval": TIME,
            "fluentd-buffer-limit": { form: /^\d+[kmg]?b?$/i, what: 'a size such as "1m"' },
            "fluentd-retry-wait": TIME,
            "fluentd-max-retries": COUNT,
            "fluentd-read-timeout": TIME,
            "fluentd-write-timeout": TIME,
            "fluentd-request-ack": FLAG,
            "fluentd-sub-second-precision": FLAG,
            ...TAGGED,
        },
        needs: [],
    },
    gelf: {
        options: {
            "gelf-address": {
                form: /^(udp|tcp):\/\/[^\s/@]+:\d+$/,
                what: 'an address such as "udp://logs.example:12201"',
            },
            "gelf-compression-type": { form: /^(gzip|zlib|none)$/, what: "gzip, zlib or none" },
            "gelf-compression-level": LEVEL,
            "gelf-tcp-max-reconnect": COUNT,
            "gelf-tcp-reconnect-delay": COUNT,
            ...TAGGED,
        },
        needs: ["gelf-address"],
    },
    awslogs: {
        options: {
            "awslogs-region": { form: /^[a-z]{2}(-[a-z]+)+-\d$/, what: "a region such as eu-central-1" },
            "awslogs-endpoint": HTTP,
            "awslogs-group": TEXT,
            "awslogs-stream": TEXT,
            "awslogs-create-group": FLAG,
            "awslogs-create-stream": FLAG,
            "awslogs-datetime-format": TEXT,
            "awslogs-multiline-pattern": TEXT,
            "awslogs-credentials-endpoint": TEXT,
            "awslogs-force-flush-interval-seconds": COUNT,
            "awslogs-max-buffered-events": COUNT,
            "awslogs-format": { form: /^json\/emf$/, what: "json/emf" },
            tag: TEXT,
        },
        needs: ["awslogs-group"],
    },
    splunk: {
        options: {
            "splunk-url": HTTP,
            "splunk-source": TEXT,
            "splunk-sourcetype": TEXT,
            "splunk-index": TEXT,
            "splunk-capath": TEXT,
            "splunk-caname": TEXT,
            "splunk-insecureskipverify": FLAG,
            "splunk-format": { form: /^(inline|json|raw)$/, what: "inline, json or raw" },
            "splunk-verify-connection": FLAG,
            "splunk-gzip": FLAG,
            "splunk-gzip-level": LEVEL,
            "splunk-index-acknowledgment": FLAG,
            ...TAGGED,
        },
        needs: ["splunk-url"],
    },
} as const satisfies Record<string, { options: Record<string, OptionForm>; needs: readonly string[] }>;

export type LogDriver = keyof typeof LOG_DRIVERS;

/** The options that a log driver takes, by name. */
export function logOptions(driver: LogDriver): Readonly<Record<string, OptionForm>> {
    return { ...LOG_DRIVERS[driver].options, ...EVERY };
}
