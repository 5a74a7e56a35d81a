// What Pulumi says while it works: problems with an id of the catalog are read out of it, and all else is kept.

import { formatProblem, isProblemId, type Problem, SkepError } from "../../errors";
import { exitClassOf } from "../../errors/catalog";
import { engineError, knownProblem } from "../../scripts/setup/known-failures";

/** One diagnostic, an error or a warning. */
export interface Said {
    /** The resource that it is about; without one it is about the program, or Pulumi's own. */
    name?: string;
    text: string;
}

/** Something that an operation left undone, and did not fail for. */
export interface Left {
    /** The resource. */
    name: string;
    id: Problem["id"];
    /** What was left and why, and what to do. */
    reason: string;
}

/** Pulumi's last word on every failure. */
const SAYS_NOTHING = /^(update|preview|refresh|destroy) failed$/;
/** The line above a list of reasons. */
const COUNT = /^\d+ errors? occurred:$/;
const BULLET = /^\s*\* /;
const STACK_LINE = /^\s+at /;
const WITH_ID = /(?:^|[\s:])([A-Z]{3,}(?:_[A-Z]+)*): (.+)$/s;

/** The problems that a diagnostic names by their ids, and what it says beside them. */
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

/** A part begins with an id of the catalog or with a bullet; lines without either belong to the part above. */
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
 * The one error for a failed operation, with everything that Pulumi reported. `failure` is what its command line wrote; it
 * counts where no diagnostic says more.
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
    if (problems.length === 0 && unknown.length === 0) unknown.push(`${engineError(failure)}.`);
    if (unknown.length > 0)
        problems.push({
            id: "PULUMI_FAILED",
            problem: `The ${operation} ended early: ${withoutRepeats(unknown).join("\n")}`,
            advice: "Run the same command again: it goes on from what is there. SKEP_DEBUG=1 shows all that Pulumi said.",
        });
    return new SkepError(unique(problems, formatProblem));
}

/** What warnings say was left undone. */
export function leftIn(warnings: readonly Said[]): Left[] {
    const left = warnings.flatMap(({ name = "", text }) =>
        readDiagnostic(text)
            .problems.filter(({ id }) => ["left", "done"].includes(exitClassOf(id)))
            .map(({ id, problem }) => ({ name, id, reason: problem })),
    );
    return unique(left, ({ name, id, reason }) => `${name} ${id} ${reason}`);
}

/** Pulumi reports an exception of the program twice, once with its kind before it. */
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
