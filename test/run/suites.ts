// All suites: the place of their tests, how long they take, and which parts of the tests they belong to.

import { existsSync } from "node:fs";

export const PARTS = [
    "unit",
    "providers",
    "real",
    "aws",
    "lab",
    "faults",
    "online",
    "kill",
    "all",
    "full",
] as const;

/** `all` is what `npm test` runs: all suites but the longest. `full` is all suites. */
export type Part = (typeof PARTS)[number];

export interface Suite {
    part: Exclude<Part, "all" | "full">;
    /** The name in output, as in "== the unit tests". */
    title: string;
    /** A test file, or a folder with test files. */
    place: string;
    /** Measured minutes, on two cores with a warm cache. */
    takes: number;
    /** The time limit in minutes. */
    atMost: number;
    /** Whether `npm test` runs it. */
    inAll: boolean;
    env?: Readonly<Record<string, string>>;
}

/** The suites in the order in which they run: those that fail early come first. */
const SUITES: readonly Suite[] = [
    { part: "unit", title: "the unit tests", place: "test/unit", takes: 3, atMost: 10, inAll: true },
    {
        part: "providers",
        title: "the provider tests",
        place: "test/providers",
        takes: 4,
        atMost: 30,
        inAll: true,
    },
    // If the real plugins are not built, `npm test` skips these and says so.
    {
        part: "real",
        title: "the tests of real plugins",
        place: "test/real",
        takes: 2,
        atMost: 60,
        inAll: true,
    },
    {
        part: "aws",
        title: "the tests of hosts on EC2",
        place: "test/aws",
        takes: 10,
        atMost: 40,
        inAll: true,
    },
    { part: "lab", title: "the lab tests", place: "test/lab", takes: 22, atMost: 90, inAll: true },
    {
        part: "real",
        title: "a swarm on real plugins",
        place: "test/lab/swarm.test.ts",
        takes: 8,
        atMost: 40,
        inAll: false,
        env: { SKEP_PLUGINS: "real" },
    },
    { part: "faults", title: "the fault tests", place: "test/faults", takes: 35, atMost: 90, inAll: false },
    {
        part: "online",
        title: "the tests of downloads",
        place: "test/online",
        takes: 8,
        atMost: 40,
        inAll: false,
    },
    {
        part: "kill",
        title: "the tests of interrupts",
        place: "test/kill",
        takes: 4,
        atMost: 60,
        inAll: false,
    },
];

/** The suites of a part of the tests or of a single file; undefined when there is no such part or file. */
export function suitesOf(wanted: string): Suite[] | undefined {
    if (wanted === "full") return [...SUITES];
    const found = SUITES.filter(({ part, inAll, place }) =>
        wanted === "all" ? inAll : part === wanted || wanted.startsWith(`${place}/`),
    );
    if (found.length === 0) return undefined;
    if (PARTS.some((part) => part === wanted)) return found;
    return existsSync(wanted)
        ? found.map((suite) => ({ ...suite, title: wanted, place: wanted }))
        : undefined;
}

/** How long suites take, as in "about 31 minutes with a warm cache: unit 3, providers 4". */
export function durations(suites: readonly Suite[]): string {
    const sum = suites.reduce((minutes, { takes }) => minutes + takes, 0);
    return `about ${sum} minutes with a warm cache: ${suites.map(({ part, takes }) => `${part} ${takes}`).join(", ")}`;
}
