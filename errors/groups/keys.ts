import type { Group } from "../problem-group";

/** Keys, and what changes them. */
export const KEYS = {
    title: "Keys and their rotation",
    exit: "swarm",
    entries: {
        ROTATE_FIRST_UP: {
            meaning:
                "The settings ask for something that no `up` has done yet, and a rotation changes nothing else.",
            advice: "Run `up`, then rotate.",
            exit: "refused",
        },
        HOST_LOGIN_KEPT: {
            meaning:
                "A host did not answer while the login key was rotated. The stack keeps the key that it takes.",
            advice: "Run `up` when the host is back.",
            exit: "left",
        },
        HOST_LOGINS: {
            meaning:
                "A host would have no key left with which Skep can log in, so its keys stay as they are.",
            advice: "Look at `authorized_keys` of the login on that host.",
            exit: "host",
        },
        KEY_WRONG: {
            meaning: "The unlock key is not the one that a manager's data is locked with.",
            advice: "Use the key of the time when the data was written: a backup has it inside.",
        },
        KEY_FILE_UNREADABLE: {
            meaning: "A manager's key file (`swarm-node.key`) is damaged, or no key file.",
            advice: "Use a backup of this manager, or let it leave the swarm and join again.",
        },
        CA_ROTATION_WAITS: {
            meaning:
                "Nodes that are down keep the swarm from ending the rotation of its certificate authority.",
            advice: "Start them, or remove them by the settings. The swarm then ends it by itself.",
            exit: "left",
        },
    },
} satisfies Group;
