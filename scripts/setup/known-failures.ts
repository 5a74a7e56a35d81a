// Failures that others word: what Docker or Pulumi says in passing, as one sentence under an id of ours.

import type { Problem } from "../../errors";
import { saysDiskFull } from "./disk";

interface Known {
    says: RegExp | ((text: string) => boolean);
    problem: (line: string) => Problem;
}

const KNOWN: readonly Known[] = [
    {
        says: saysDiskFull,
        problem: (line) => ({
            id: "DISK_FULL",
            problem: `A disk is full: ${line}`,
            advice: "Free 10 GB where the project and Docker keep their data, then run the same command again: it goes on from what is there.",
        }),
    },
    {
        says: /port is already allocated|address already in use/i,
        problem: (line) => ({
            id: "LAB_PORTS_TAKEN",
            problem: `Another program has a port that a lab host publishes: ${line}`,
            advice: "End that program, or set skep:labPorts to where a free block of 200 begins.",
        }),
    },
    {
        says: /pool overlaps with other one/i,
        problem: (line) => ({
            id: "LAB_SUBNET_TAKEN",
            problem: `Another network on this machine has the lab's addresses: ${line}`,
            advice: "Remove that network, or set skep:labSubnet to a free /20.",
        }),
    },
    {
        says: /incorrect passphrase/i,
        problem: () => ({
            id: "PASSPHRASE_WRONG",
            problem: "The stack's secrets were sealed with another passphrase than this one.",
            advice: "Use that one: it is in .skep/passphrase unless PULUMI_CONFIG_PASSPHRASE or PULUMI_CONFIG_PASSPHRASE_FILE was set.",
        }),
    },
];

/** What the command `pulumi` called the error; the first line of a text that has no such line. */
export function pulumiError(text: string): string {
    const [, said] = /^\s*error: (.+)$/m.exec(text) ?? [];
    return (said ?? text.split("\n")[0] ?? "").replace(/\.$/, "");
}

/** The problem that this text is known for; undefined when it is none of them. */
export function knownProblem(text: string): Problem | undefined {
    for (const { says, problem } of KNOWN)
        for (const line of text.split("\n"))
            if (typeof says === "function" ? says(line) : says.test(line))
                return problem(line.trim().replace(/^error: /, ""));
    return undefined;
}
