import type { Group } from "../problem-group";

/** Commands of every day on a swarm that stands. */
export const DAILY = {
    title: "Commands of every day",
    exit: "usage",
    entries: {
        KEY_NONE: {
            meaning: "The swarm has no unlock key, because it does not lock its managers.",
            advice: "Set `skep:autolock: true` and run `up`.",
        },
        NAME_UNKNOWN: {
            meaning: "The swarm has no service or network of this name.",
            advice: "`docker service ls` and `docker network ls` on a manager list them.",
        },
        STACK_NO_ROLLBACK: {
            meaning: "A service to roll back has never changed.",
            advice: "Change the compose file and run `up`.",
        },
        REBOOT_WHICH: {
            meaning: "A reboot needs either names of hosts or `--needed`.",
            advice: "Name hosts, such as `worker-1`, or give `--needed` alone.",
        },
        SSH_MISSING: {
            meaning: "This machine has no `ssh` or no `scp`.",
            advice: "Install OpenSSH's client.",
            exit: "machine",
        },
        COPY_SIDES: {
            meaning: "A copy needs exactly one side on a host.",
            advice: "Write that side as `HOST:PATH`.",
        },
        COPY_FAILED: {
            meaning: "Files could not be copied to or from a host.",
            advice: "Correct the path or its permissions.",
            exit: "host",
        },
        DOCKER_COMMAND: {
            meaning: "This machine has no `docker` command.",
            advice: "Install docker's command line.",
            exit: "machine",
        },
        CONTEXT_NONE: {
            meaning: "No manager publishes its engine's API.",
            advice: "Use docker on a manager: `npm run skep -- ssh HOST -- docker node ls`.",
            exit: "swarm",
        },
        CONTEXT_FAILED: {
            meaning: "docker did not take the context.",
            advice: "Correct what it says in the line.",
            exit: "machine",
        },
        NET_NO_TASK: {
            meaning: "No container runs whose network a command could enter.",
            advice: "The line names the hosts that have one, or what kept it from starting.",
            exit: "swarm",
        },
        NET_NO_NODE: {
            meaning: "A node takes no tasks, and so no container that would stand on a network there.",
            advice: "Choose another node with `--node`, or the network of a task.",
        },
        REGISTRY_UNREACHABLE: {
            meaning: "The registry does not answer on any host.",
            advice: "See `docker service ps registry_registry` on a manager, then run `up`.",
            exit: "network",
        },
        REGISTRY_REFUSED: {
            meaning: "The registry answered, and refused.",
            advice: "See `docker service logs registry_registry` on a manager.",
            exit: "swarm",
        },
        REGISTRY_READ_ONLY: {
            meaning: "The registry takes no changes: a garbage collection is at work, or was killed.",
            advice: "Wait for it; if none is at work, `npm run skep -- registry gc` or `up` mends it.",
            exit: "busy",
        },
        REGISTRY_BUSY: {
            meaning: "A garbage collection of the registry is at work.",
            advice: "Wait for it.",
            exit: "busy",
        },
        REGISTRY_NO_TASK: {
            meaning: "The registry has no task that could collect garbage.",
            advice: "See `docker service ps registry_registry` on a manager, then run `up`.",
            exit: "swarm",
        },
        GC_FAILED: {
            meaning: "The registry's garbage collection failed. The registry is writable again.",
            advice: "The line ends with what it said, mostly about its storage.",
            exit: "swarm",
        },
        TAG_UNKNOWN: {
            meaning: "The registry has no such image, or the name has no tag.",
            advice: "`npm run skep -- registry list` has all.",
        },
        LOGIN_FAILED: {
            meaning: "This machine's docker could not log in to the registry.",
            advice: "The line ends with what it said, mostly that it does not trust or reach the registry.",
            exit: "network",
        },
    },
} as const satisfies Group;
