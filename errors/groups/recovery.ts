import type { Group } from "../problem-group";

/** Swarms that lost managers, and how they come back. */
export const RECOVERY = {
    title: "Recovery",
    exit: "refused",
    entries: {
        RECOVERY_NOT_NEEDED: {
            meaning: "The swarm has a majority of its managers, or can have it again without any loss.",
            advice: "Do what the line says: `npm run up` or `skep unlock`.",
        },
        RECOVERY_NO_DATA: {
            meaning: "No manager that answers has a copy of the swarm's data.",
            advice: "Start the hosts that do not answer; if they are lost, `skep restore ARCHIVE`.",
        },
        RECOVERY_ENGINE: {
            meaning: "An engine does not come up with the copy of the swarm's data that it has.",
            advice: "Choose another manager with `--from`, or restore a backup.",
            exit: "host",
        },
        RECOVERY_NAME: {
            meaning: "The stack's name was not typed, and what the command does cannot be undone.",
            advice: "Type it at the question, or add `--lose-swarm NAME`.",
        },
        RESTORE_OTHER_SWARM: {
            meaning: "The backup is of another swarm than the stack's.",
            advice: "Take a backup of this swarm: `skep backup list`.",
        },
        RESTORE_ADDRESS: {
            meaning: "A manager of the backup has no host at its address, and its data works at no other.",
            advice: "Give the host that address as its first one, and run up.",
        },
        RESTORE_OLDER_ENGINE: {
            meaning: "A host's engine is older than the one that wrote the backup.",
            advice: "Set `skep:dockerVersion` to that version, and run up.",
        },
        RESTORE_HOSTS: {
            meaning: "The hosts that the backup would go to do not answer.",
            advice: "Start them, or let `npm run up` make them anew.",
            exit: "host",
        },
        RESTORE_DIFFERS: {
            meaning: "The swarm came back, and lacks something that the backup's list names.",
            advice: "Compare with `skep backup show`; run up for what Skep deploys.",
            exit: "left",
        },
    },
} as const satisfies Group;
