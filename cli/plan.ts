// What an operation does or would do, in lines for people: by the parts of the stack, what is lost first.

import { kindsOf, type Part, PARTS, subjectOf, type Verb } from "../planning/parts";
import { isComponent, type Step, verbOf } from "./pulumi/steps";
import { cut } from "./text";

const SIGNS: Readonly<Record<Verb, string>> = { make: "+", change: "~", replace: "±", remove: "-" };
/** What is lost comes first. */
const ORDER: readonly Verb[] = ["remove", "replace", "change", "make"];
const LOSSES: readonly Verb[] = ["remove", "replace"];
/** The longest subject that others are aligned with. */
const WIDEST = 26;
/** The room for names in a line without its sign, its verb and "and 12 more". */
const LIST_COLUMNS = 54;

export interface PlanOptions {
    /** Whether to show each resource by its type and name. */
    verbose?: boolean;
    /** Whether lines may have colours. */
    colour?: boolean;
    /** How wide a line may be; 0 for a terminal that does not know its width. Default: 80. */
    columns?: number;
}

/** A line of a plan: what is done to a subject, or to one resource, and what changes in it. */
interface Row {
    verb: Verb;
    subject: string;
    details: string[];
}

/** The plan by parts. Parts that lose something come first. */
export function planLines(steps: readonly Step[], options: PlanOptions = {}): string[] {
    const shown = steps.filter(({ type }) => options.verbose || !isComponent(type));
    const parts: readonly (Part | undefined)[] = [...PARTS, undefined];
    const sections = parts
        .map((part) => ({ title: part ?? "Other", own: shown.filter((step) => step.part === part) }))
        .filter(({ own }) => own.length > 0)
        .map((section) => ({ ...section, loses: section.own.some((step) => LOSSES.includes(verbOf(step))) }));
    const sorted = [...sections.filter(({ loses }) => loses), ...sections.filter(({ loses }) => !loses)];
    return sorted.flatMap(({ title, own }) => [
        title,
        ...linesOf(options.verbose ? own.map(rowOf) : rowsOf(own), options),
    ]);
}

/** Whether the step takes something away that users may miss. */
export function isLoss(step: Step): boolean {
    return LOSSES.includes(verbOf(step)) && !step.type.startsWith("swarm:Host");
}

/** A line about a part of the stack that is done. */
export function partLine(part: Part, what: string, seconds: number): string {
    const took = seconds < 1 ? "" : `${seconds} s`;
    return `${part.padEnd(14)}${what.padEnd(24)}${took.padStart(6)}`.trimEnd();
}

/** Whether a stream shows colours: only on a terminal, and not with NO_COLOR. */
export function hasColour(stream: NodeJS.WriteStream): boolean {
    return stream.isTTY === true && stream.hasColors();
}

/** One row for each subject and verb. Whatever is made goes into one row. */
function rowsOf(steps: readonly Step[]): Row[] {
    return ORDER.flatMap((verb) => {
        const own = steps.filter((step) => verbOf(step) === verb);
        // Sorted: Pulumi tells of resources in an order that differs from run to run.
        const subjects = [...new Set(own.map(({ type, name }) => subjectOf(type, name)))].sort(byName);
        if (verb === "make" && own.length > 0) return [{ verb, subject: listed(subjects), details: [] }];
        return subjects.map((subject) => {
            const all = own.filter(({ type, name }) => subjectOf(type, name) === subject);
            const details = [...new Set(all.flatMap(({ details = [] }) => details))];
            if (!LOSSES.includes(verb)) return { verb, subject, details };
            const [first, ...others] = details;
            const kinds = kindsOf(all.map(({ type }) => type));
            return { verb, subject, details: [first ? `${kinds}: ${first}` : kinds, ...others] };
        });
    });
}

function rowOf(step: Step): Row {
    return { verb: verbOf(step), subject: `${step.type} ${step.name}`, details: step.details ?? [] };
}

function linesOf(rows: readonly Row[], { colour, columns }: PlanOptions): string[] {
    const aligned = rows.filter(({ details }) => details.length > 0).map(({ subject }) => subject.length);
    const width = Math.min(Math.max(0, ...aligned), WIDEST);
    return rows.flatMap(({ verb, subject, details }) => {
        const start = `  ${SIGNS[verb]} ${verb.padEnd(8)} ${subject.padEnd(width)}`;
        const indent = " ".repeat(start.length);
        const lines = (details.length === 0 ? [""] : details).map((detail, i) =>
            cut(`${i === 0 ? start : indent}  ${detail}`.trimEnd(), columns),
        );
        return colour && LOSSES.includes(verb) ? lines.map(red) : lines;
    });
}

/** Numbers in names are compared as numbers: worker-2 comes before worker-10. */
function byName(one: string, other: string): number {
    return one.localeCompare(other, "en", { numeric: true });
}

/** As many of the names as a line has room for. */
function listed(names: readonly string[]): string {
    const fits = (count: number) => names.slice(0, count).join(", ").length <= LIST_COLUMNS;
    const count = names.findLastIndex((_, i) => fits(i + 1)) + 1;
    const rest = names.length - count;
    return rest === 0 ? names.join(", ") : `${names.slice(0, count).join(", ")} and ${rest} more`;
}

function red(line: string): string {
    return `\u001b[31m${line}\u001b[39m`;
}
