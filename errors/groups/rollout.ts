import type { Group } from "../problem-group";

/** What keeps engines of a running swarm from changing, host by host. */
export const ROLLOUT = {
    title: "Changing the hosts of a running swarm one after another",
    exit: "swarm",
    entries: {
        SERVICE_CANNOT_SPARE: {
            meaning: "A service would have fewer running tasks than it needs while a host is drained.",
            advice: "Give it more replicas or more places, or a smaller number in its label `io.skep.minAvailable`.",
            exit: "refused",
        },
        ROLLOUT_UNWELL: {
            meaning: "The swarm is not well, so no engine was changed, and no host rebooted.",
            advice: "Mend what the other lines name, then run the same command again; `skep check` says more.",
        },
        ROLLOUT_STOPPED: {
            meaning: "The rollout stopped at a host, and the hosts after it are as they were.",
            advice: "Mend what the line names, then run the same command again: it goes on from what it finds.",
        },
        ROLLOUT_PAUSED: {
            meaning: "The rollout stopped where the settings or the user wanted, and hosts are left.",
            advice: "Run `up` to go on.",
            exit: "left",
        },
        ENGINE_CONFIG: {
            meaning: "An engine refuses the settings that it would get in daemon.json.",
            advice: "Correct `skep:engine`, or the host's own keys in daemon.json.",
            exit: "refused",
        },
    },
} as const satisfies Group;
