import type { Group } from "../problem-group";

/** Pulumi, its state, and Skep's own processes beside it. */
export const PULUMI = {
    title: "Pulumi and its state",
    exit: "failed",
    entries: {
        FACTS_LOST: {
            meaning: "The stack stands, and nothing here says what was chosen for it.",
            advice: "Run `npm run up` once in the clone that brought it up, or copy its file as the line says.",
            exit: "refused",
        },
        NOT_PREPARED: {
            meaning: "The plain `pulumi` command installs nothing, and something that it needs is missing.",
            advice: "Run the command that the line names, in the same shell.",
            exit: "refused",
        },
        PULUMI_FAILED: {
            meaning: "Pulumi ended early with an error that Skep does not know.",
            advice: "Run the command again; `SKEP_DEBUG=1` shows all that Pulumi said.",
        },
        PROVIDERS_START: {
            meaning: "Skep's providers did not start.",
            advice: "Run the same command again.",
            exit: "machine",
        },
        STATE_UNREACHABLE: {
            meaning: "The stack's state cannot be opened.",
            advice: "Look at the place that `PULUMI_BACKEND_URL` names, else at `.skep/state`.",
            exit: "machine",
        },
        PASSPHRASE_EMPTY: {
            meaning: "The passphrase is empty, and would seal the stack's keys with nothing.",
            advice: "Unset `PULUMI_CONFIG_PASSPHRASE`, or set a passphrase.",
            exit: "refused",
        },
        PASSPHRASE_WRONG: {
            meaning: "The stack's secrets were sealed with another passphrase.",
            advice: "Use `.skep/passphrase` of the clone that made the stack, or the passphrase that was set then.",
            exit: "machine",
        },
        STACK_BUSY: {
            meaning: "Another command works on the stack.",
            advice: "Wait for it.",
            exit: "busy",
        },
        COMMAND_TIMEOUT: {
            meaning: "A command took longer than its option `--timeout` allows.",
            advice: "Run the same command again: it goes on from what is there.",
        },
        INTERRUPTED: {
            meaning: "The command was interrupted. What it had begun is kept.",
            advice: "Run the same command again.",
        },
    },
} as const satisfies Group;

/** `npm test` and its parts. */
export const TESTS = {
    title: "Tests",
    exit: "failed",
    entries: {
        TEST_PART: { meaning: "The tests have no such part.", advice: "Take one that the line lists." },
        TEST_START: { meaning: "A test program did not start.", advice: "Read the line." },
        TEST_FAILED: { meaning: "A part of the tests broke.", advice: "`SKEP_DEBUG=1` shows where." },
        TEST_TIMEOUT: {
            meaning: "A test program did not end in time and was killed.",
            advice: "Run that part alone on a machine with less load.",
        },
        TEST_NO_RESULT: {
            meaning: "A test program ended without a result.",
            advice: "Read what it said last.",
        },
        TEST_INTERRUPTED: { meaning: "A signal ended the tests.", advice: "Run them again." },
        TEST_LEFTOVER: {
            meaning: "Something that a test made could not be removed.",
            advice: "Remove what the line names by hand.",
        },
    },
} as const satisfies Group;
