// Every problem that has a name. Errors take their ids from here, docs/troubleshooting.md is generated from it, and a
// command exits with the code of the problem's class. The groups are files in groups/.
import { BACKUP } from "./groups/backup";
import { CARE } from "./groups/care";
import { DAILY } from "./groups/daily";
import { KEYS } from "./groups/keys";
import { MACHINE } from "./groups/machine";
import { PULUMI, TESTS } from "./groups/pulumi";
import { RECOVERY } from "./groups/recovery";
import { ROLLOUT } from "./groups/rollout";
import { SETUP } from "./groups/setup";
import { EC2, SETTINGS } from "./groups/settings";
import { HOSTS, STACKS, SWARM } from "./groups/swarm";
import { EXIT_CODES, type ExitClass, type Group } from "./problem-group";

/** All groups, in the order of docs/troubleshooting.md. */
export const GROUPS: readonly Group[] = [
    SETUP,
    SETTINGS,
    MACHINE,
    EC2,
    HOSTS,
    SWARM,
    STACKS,
    ROLLOUT,
    CARE,
    DAILY,
    KEYS,
    RECOVERY,
    BACKUP,
    PULUMI,
    TESTS,
];

/** The name of a problem: stable, searchable, in upper case. */
export type ProblemId =
    | keyof typeof SETUP.entries
    | keyof typeof SETTINGS.entries
    | keyof typeof MACHINE.entries
    | keyof typeof EC2.entries
    | keyof typeof HOSTS.entries
    | keyof typeof SWARM.entries
    | keyof typeof STACKS.entries
    | keyof typeof ROLLOUT.entries
    | keyof typeof CARE.entries
    | keyof typeof DAILY.entries
    | keyof typeof KEYS.entries
    | keyof typeof RECOVERY.entries
    | keyof typeof BACKUP.entries
    | keyof typeof PULUMI.entries
    | keyof typeof TESTS.entries;

const EXITS: ReadonlyMap<string, ExitClass> = new Map(
    GROUPS.flatMap(({ entries, exit }) =>
        Object.entries(entries).map(([id, entry]) => [id, entry.exit ?? exit] as const),
    ),
);

/** All ids, in the order of the groups. */
export const PROBLEM_IDS = [...EXITS.keys()] as ProblemId[];

/** Whether a text from a host's script or from Pulumi is the name of a problem. */
export function isProblemId(text: string): text is ProblemId {
    return EXITS.has(text);
}

/** How a command with this problem ends. The classes `left` and `done` are no failures. */
export function exitClassOf(id: ProblemId): ExitClass {
    return EXITS.get(id) ?? "failed";
}

/** The exit code of a command that this problem ended. */
export function exitCodeOf(id: ProblemId): number {
    return EXIT_CODES[exitClassOf(id)];
}
