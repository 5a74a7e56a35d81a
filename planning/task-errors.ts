// What an engine's error of a task means where its own words do not say. No I/O.

/** Errors that a host without some capability gives, in the words of engines from 20.10 on, and the capability. */
const LACKING: readonly { words: RegExp; capability: (match: RegExpExecArray) => string }[] = [
    {
        words: /capability not supported by your kernel or not available.*?"CAP_(\w+)"/,
        capability: ([, name = ""]) => name,
    },
    { words: /error setting rlimit type \d+: operation not permitted/, capability: () => "SYS_RESOURCE" },
    { words: /unable to apply caps|can't apply capabilities/, capability: () => "one that the service adds" },
];

/** The error, and the capability that the host lacks if the error says so. */
export function explained(error: string): string {
    for (const { words, capability } of LACKING) {
        const match = words.exec(error);
        if (match)
            return `${error.replace(/\.$/, "")}: the host has no capability ${capability(match)}, see "What a lab host may do" in README.md`;
    }
    return error;
}
