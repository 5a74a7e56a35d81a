import type { Group } from "../problem-group";

/** The machine that Skep runs on: its disk, its Docker engine, and what a lab uses of it. */
export const MACHINE = {
    title: "This machine",
    exit: "machine",
    entries: {
        DISK_FULL: {
            meaning: "A disk is full.",
            advice: "Free 10 GB where the line says, or set `XDG_CACHE_HOME` to a folder on another disk.",
        },
        MACHINE_UNFIT: {
            meaning: "`skep doctor` found something that keeps a lab from coming up.",
            advice: "Do what it prints beside each finding, and look again.",
        },
        DOCKER_MISSING: {
            meaning: "No Docker engine runs here, and Skep cannot install one on this system.",
            advice: "Install and start Docker Engine or Docker Desktop.",
        },
        DOCKER_STOPPED: {
            meaning: "A Docker engine is installed here and does not run.",
            advice: "Start it as the line says.",
        },
        DOCKER_START: {
            meaning: "The Docker engine that set-up started does not answer.",
            advice: "Read the log that the line names.",
        },
        DOCKER_FORBIDDEN: {
            meaning: "This user may not use Docker's socket.",
            advice: "Add the user to the group `docker` and log in again.",
        },
        DOCKER_UNREACHABLE: {
            meaning: "No engine answers where `DOCKER_HOST` or a context says.",
            advice: "Start that engine, or choose another one.",
        },
        DOCKER_ENDPOINT: {
            meaning: "`DOCKER_HOST` or a context names an engine in a way that Skep cannot use.",
            advice: "Correct it as the line says.",
        },
        DOCKER_REMOTE: {
            meaning:
                "`DOCKER_HOST` or a context names an engine on another machine, where a lab's ports would be out of reach.",
            advice: "Run Skep on that machine, or choose this machine's engine.",
            exit: "refused",
        },
        DOCKER_UNSUITED: {
            meaning: "Podman answers, or an engine without the network `bridge`.",
            advice: "Name another engine with `DOCKER_HOST`.",
        },
        DOCKER_ENVIRONMENT: {
            meaning:
                "The plain `pulumi` command was given no Docker engine, and its plugin might find another one.",
            advice: 'Run `eval "$(npm run -s skep -- env)"` once more in the shell in which you type `pulumi`.',
        },
        ENGINE_OTHER_MACHINE: {
            meaning: "The lab's hosts are on another Docker engine than the one that is used now.",
            advice: "Go back to that engine, or give the hosts up with `npm run destroy -- --orphaned`.",
            exit: "refused",
        },
        LAB_STACK_TAKEN: {
            meaning: "Another clone has this stack up on this machine.",
            advice: "Destroy it there or take another name; if that clone is gone, `npm run destroy -- --orphaned`.",
            exit: "refused",
        },
        LAB_TOO_LARGE: {
            meaning: "The kernel does not let so many lab hosts boot.",
            advice: "Take fewer hosts, or run the `sysctl` that the line prints.",
        },
        LAB_SUBNET: {
            meaning: "No subnet is free for a lab.",
            advice: "Destroy a stack, or set `skep:labSubnet` to a free /20.",
        },
        LAB_SUBNET_TAKEN: {
            meaning: "Another network on this machine has the lab's addresses.",
            advice: "Remove that network, or set `skep:labSubnet` to a free /20.",
        },
        LAB_PORTS: {
            meaning: "No block of 200 ports is free for a lab.",
            advice: "Destroy a stack, or set `skep:labPorts` to where a free block begins.",
        },
        LAB_PORTS_TAKEN: {
            meaning: "Another program has a port that the lab publishes.",
            advice: "End that program, or set `skep:labPorts` to where a free block of 200 begins.",
        },
        SUPPORT_SECRET: {
            meaning: "Something that `skep support` gathered has a secret in it, so no bundle was written.",
            advice: "Take the secret out of the place that the line names: whoever reads that place has it.",
            exit: "refused",
        },
        DASHBOARD_PORT: {
            meaning:
                "Another program has the port that the dashboard was to listen on, or this user may not take it.",
            advice: "Give another port with `--port`, or none.",
        },
        HOST_RESTARTING: {
            meaning: "A lab host does not stay up.",
            advice: "The line says how to see why, and how to have the host made anew.",
            exit: "host",
        },
        HOST_BOOT: {
            meaning: "A lab host that was started does not boot.",
            advice: "Look at the host as the line says.",
            exit: "host",
        },
    },
} as const satisfies Group;
