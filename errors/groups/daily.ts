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
    },
} as const satisfies Group;
