// Reads problems with an id of the catalog out of what Pulumi says, and keeps everything else.

import { formatProblem, isProblemId, type Problem, SkepError } from "../../errors";
import { exitClassOf } from "../../errors/catalog";
import { pulumiError, knownProblem } from "../../scripts/setup/known-failures";

/** One diagnostic of Pulumi's: an error or a warning. */
export interface Said {
    /** The resource that it is about; undefined if it is about the program, or is Pulumi's own. */
    name?: string;
    text: string;
}

/** Something that an operation left undone without failing. */
export interface Left {
    /** The resource's name. */
    name: string;
    id: Problem["id"];
    /** What was left undone and why, and what to do. */
    reason: string;
}

/** The line with which Pulumi ends every failure. It gives no reason. */
const SAYS_NOTHING = /^(update|preview|refresh|destroy) failed$/;
/** The line above a list of reasons. */
const COUNT = /^\d+ errors? occurred:$/;
const BULLET = /^\s*\* /;
const STACK_LINE = /^\s+at /;
const WITH_ID = /(?:^|[\s:])([A-Z]{3,}(?:_[A-Z]+)*): (.+)$/s;

/** The problems that a diagnostic names by their ids, and what else it says. */
export function readDiagnostic(text: string): { problems: Problem[]; others: string[] } {
    const problems: Problem[] = [];
    const others: string[] = [];
    for (const part of partsOf(text)) {
        const [, id = "", problem = ""] = WITH_ID.exec(part) ?? [];
        if (isProblemId(id)) problems.push({ id, problem, advice: "" });
        else others.push(part);
    }
    return { problems, others };
}

/**
 * Splits a diagnostic into parts. A part begins with an id of the catalog or with a bullet; lines without either belong
 * to the part above.
 */
function partsOf(text: string): string[] {
    const parts: string[] = [];
    for (const line of text.split("\n")) {
        const said = line.replace(BULLET, "").trim();
        const isStack = STACK_LINE.test(line) && !process.env.SKEP_DEBUG;
        if (said === "" || COUNT.test(said) || isStack) continue;
        const begins = BULLET.test(line) || isProblemId(WITH_ID.exec(line)?.[1] ?? "");
        if (begins || parts.length === 0) parts.push(said);
        else parts.push(`${parts.pop()}\n${said}`);
    }
    return parts;
}

/**
 * One error for a failed operation, with everything that Pulumi reported. `failure` is what Pulumi's command line wrote.
 * It counts only if no diagnostic says more.
 */
export function failureOf(operation: string, said: readonly Said[], failure: string): SkepError {
    const read = said.map(({ name, text }) => ({ name, ...readDiagnostic(text) }));
    const problems = read.flatMap((one) => one.problems);
    const unknown: string[] = [];
    for (const { name, others } of read)
        for (const text of others) {
            const known = knownProblem(text);
            if (known) problems.push(known);
            else if (!SAYS_NOTHING.test(text)) unknown.push(name ? `${name}: ${text}` : text);
        }
    const known = problems.length === 0 ? knownProblem(failure) : undefined;
    if (known) problems.push(known);
    if (problems.length === 0 && unknown.length === 0) unknown.push(`${pulumiError(failure)}.`);
    if (unknown.length > 0)
        problems.push({
            id: "PULUMI_FAILED",
            problem: `The ${operation} ended early: ${withoutRepeats(unknown).join("\n")}`,
            advice: "Run the same command again: it goes on from what is there. SKEP_DEBUG=1 shows all that Pulumi said.",
        });
    return new SkepError(unique(problems, formatProblem));
}

/** What was left undone, as the warnings say; for a preview, also what up mends. */
export function leftIn(warnings: readonly Said[], isPreview = false): Left[] {
    const left = warnings.flatMap(({ name = "", text }) =>
        readDiagnostic(text)
            .problems.filter(({ id }) => isPreview || staysLeft({ id }))
            .map(({ id, problem }) => ({ name, id, reason: problem })),
    );
    return unique(left, ({ name, id, reason }) => `${name} ${id} ${reason}`);
}

/** Whether an up leaves the problem as it is, without failing. */
export function staysLeft({ id }: Pick<Problem, "id">): boolean {
    return ["left", "done"].includes(exitClassOf(id));
}

/** Drops texts that others contain: Pulumi reports an exception of the program twice, once with its kind before it. */
function withoutRepeats(texts: readonly string[]): string[] {
    return texts.filter(
        (text, i) =>
            !texts.some((other, j) =>
                j < i ? other.includes(text) : j > i && other !== text && other.includes(text),
            ),
    );
}

function unique<T>(items: readonly T[], key: (item: T) => string): T[] {
    return [...new Map(items.map((item) => [key(item), item])).values()];
}
