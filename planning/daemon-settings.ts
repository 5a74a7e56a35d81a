// What Skep writes into the daemon.json of every host's engine. No I/O.

export interface DaemonArgs {
    /** Range for bridge networks on the host, one /24 each. */
    bridgePool: string;
}

/** Skep's keys of daemon.json. */
export function daemonSettings({ bridgePool }: DaemonArgs): Record<string, unknown> {
    return {
        "log-driver": "json-file",
        "log-opts": { "max-size": "10m", "max-file": "3" },
        "default-address-pools": [{ base: bridgePool, size: 24 }],
    };
}
