import type { Group } from "../problem-group";

/** What Skep installs, downloads and builds before it does anything else. */
export const SETUP = {
    title: "Set-up",
    exit: "machine",
    entries: {
        NODE_VERSION: {
            meaning: "Node.js is older than Skep needs.",
            advice: "Install Node.js 20.19 or newer.",
        },
        CLONE_FOLDER: {
            meaning:
                "The name of the project's folder has a question mark, with which TypeScript cannot be run.",
            advice: "Rename the folder. Every other character is fine.",
        },
        NPM_INSTALL: {
            meaning: "`npm ci` failed or took too long.",
            advice: "Read what npm says above the line, mend the network or the disk, and try again.",
        },
        SKEP_START: {
            meaning: "Node.js could not start Skep itself.",
            advice: "Look at the line; mostly memory or the number of processes is exhausted.",
        },
        SETUP_PACKAGES: {
            meaning: "Debian packages are missing, and this user cannot install them.",
            advice: "Install the packages that the line names, or allow sudo.",
        },
        SETUP_PROGRAM_MISSING: {
            meaning: "A program that set-up runs is not on this machine.",
            advice: "Install it and try again.",
        },
        SETUP_FAILED: {
            meaning: "A program that set-up runs failed.",
            advice: "The line ends with what the program said. Finished steps are kept.",
        },
        SETUP_TIMEOUT: {
            meaning: "A step of set-up took too long.",
            advice: "Try again. A machine with less load or a faster network helps.",
        },
        SETUP_BUSY: {
            meaning: "Another set-up on this machine has been making the same thing for long.",
            advice: "End it, or remove the lock that the line names when there is none.",
            exit: "busy",
        },
        SKEP_OFFLINE: {
            meaning: "The variable `SKEP_OFFLINE` has a value that means nothing.",
            advice: "Set it to 1 or 0, or unset it.",
            exit: "refused",
        },
        SKEP_PLUGINS: {
            meaning: "The variable `SKEP_PLUGINS` has a value that means nothing.",
            advice: "Set it to `official`, `standins` or `real`, or unset it.",
            exit: "refused",
        },
        MIRROR_SETTING: {
            meaning: "A variable that names a mirror is no address of one.",
            advice: "Correct or unset the variable that the line names.",
            exit: "refused",
        },
        PROXY_SETTING: {
            meaning: "A variable that names a proxy is no address of an HTTP proxy.",
            advice: "Correct or unset the variable that the line names.",
            exit: "refused",
        },
        PULUMI_DOWNLOAD: {
            meaning: "Pulumi could not be downloaded.",
            advice: "Try again, or set `SKEP_OFFLINE=1` to build it from Go modules.",
            exit: "network",
        },
        PULUMI_CHECKSUM: {
            meaning: "The download of Pulumi is not what its checksum says. Nothing of it is kept.",
            advice: "Try again; if it stays so, find out who changes it on the way.",
        },
        DOCKER_PACKAGES: {
            meaning: "The index of docker-ce packages could not be read.",
            advice: "Look at `skep:repository` and the network, or set `SKEP_OFFLINE=1` to use Debian's engine packages.",
        },
        IMAGE: {
            meaning: "An image could not be pulled or built.",
            advice: "Read what the engine says in the line, look at the network, and try again.",
        },
    },
} as const satisfies Group;
