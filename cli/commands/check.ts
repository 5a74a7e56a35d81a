// `skep check`: tries, one named check after another, whether the swarm is as it should be. It changes nothing but for the
// probe of the data path, which removes what it made.

import type { StateResource } from "../../config/state";
import { SkepError } from "../../errors";
import { EXIT_CODES } from "../../errors/problem-group";
import type { CisResult } from "../../planning/cis";
import { firstCode, strictly } from "../../planning/finding";
import type { Check, Expected } from "../../swarm/checks/check";
import { readCis } from "../../swarm/cis";
import { ALL_CHECKS } from "../../swarm/checks/list";
import { type Checked, runChecks } from "../../swarm/checks/run";
import type { Options } from "../options";
import { printJson, printNext } from "../print";
import { expectedOf } from "../stack/last-look";
import { didYouMean, onStanding, type Standing } from "../stack/standing";
import { settingsOf } from "../stack/wanted";
import { readerOf } from "../steps";
import { table, wrapped } from "../text";

export interface CheckOptions extends Options {
    /** Warnings count as errors. */
    strict?: boolean;
    /** Names the checks, and runs none. */
    list?: boolean;
    /** Judges the items of the CIS Docker Benchmark instead of running all checks. */
    cis?: boolean;
}

/** Runs the checks of these names, or all. Its first error decides the exit code. Throws CHECK_UNKNOWN. */
export async function check(names: readonly string[], options: CheckOptions): Promise<void> {
    const chosen = chosenChecks(names);
    if (options.list) return list(chosen, options);
    await onStanding(options, async (standing) => {
        const at = new Date().toISOString();
        if (options.cis && names.length === 0) return cis(standing, at, options);
        const expected = await expectedWithState(standing);
        const title =
            chosen.length === 1 ? `Checking ${nameOf(chosen[0]!)}` : `Running ${chosen.length} checks`;
        const checked = await standing.progress.step(title, (update) =>
            runChecks(chosen, standing.swarm, expected, (running) => update(running.join(", "))),
        );
        const shown = checked.map((each) => ({ ...each, findings: strictly(each.findings, options.strict) }));
        process.exitCode = firstCode(shown.flatMap(({ findings }) => findings));
        if (options.json) return printJson({ stack: options.stack, at, checks: shown.map(jsonOf) });
        console.log(checkText(shown).join("\n"));
        printNext(options, "status");
    });
}

/** Shows the items of the benchmark. What is not met and not waived is a warning. */
async function cis(
    { stack, swarm, hosts, progress }: Standing,
    at: string,
    options: CheckOptions,
): Promise<void> {
    const settings = await settingsOf(stack);
    const items = await progress.step("Reading what the CIS Docker Benchmark asks", () =>
        readCis(swarm, hosts, settings?.cisWaivers ?? {}),
    );
    process.exitCode = cisCode(items, options.strict);
    if (options.json) return printJson({ stack, at, checks: [], cis: items });
    console.log(cisText(items).join("\n"));
    printNext(options, "check");
}

/** 0, unless `strict` and an item is not met, or an item could not be looked at. */
export function cisCode(items: readonly CisResult[], strict = false): number {
    if (strict && items.some(({ result }) => result === "warn")) return EXIT_CODES.swarm;
    return items.some(({ result }) => result === "unseen") ? EXIT_CODES.left : EXIT_CODES.done;
}

/** The table of the benchmark's items, at most 80 columns. */
export function cisText(items: readonly CisResult[]): string[] {
    const marks = { pass: "✓", warn: "!", waived: "~", unseen: "?" } as const;
    const lines = items.flatMap(({ number, sentence, result, reason, hosts }) => {
        const on = hosts.length === 0 ? "" : ` (${hosts.join(", ")})`;
        const said = result === "waived" ? `waived: ${reason}` : `${reason}${on}`;
        return [
            ...wrapped(sentence, 8, `${marks[result]} ${number.padEnd(6)}`),
            ...(result === "pass" ? [] : wrapped(said, 10)),
        ];
    });
    const count = (result: CisResult["result"]) => items.filter((item) => item.result === result).length;
    const open = count("unseen") > 0 ? `, ${count("unseen")} not seen` : "";
    const counts = `${count("pass")} passed, ${count("warn")} warned, ${count("waived")} waived${open}`;
    return ["CIS Docker Benchmark 1.6: the daemon, its files, the swarm", "", ...lines, "", `${counts}.`];
}

/** The name as one types it: the check "data path" is `data-path`. */
function nameOf({ name }: Check): string {
    return name.replaceAll(" ", "-");
}

/** The checks of these names in the order of the list; all of them without names. Throws CHECK_UNKNOWN. */
export function chosenChecks(names: readonly string[]): Check[] {
    const known = ALL_CHECKS.map(nameOf);
    const unknown = names.filter((name) => !known.includes(name));
    if (unknown.length > 0)
        throw new SkepError(
            unknown.map((name) => ({
                id: "CHECK_UNKNOWN",
                problem: `There is no check "${name}".`,
                advice: didYouMean(name, known) || `There are ${known.join(", ")}.`,
            })),
        );
    return ALL_CHECKS.filter((each) => names.length === 0 || names.includes(nameOf(each)));
}

function list(checks: readonly Check[], { json }: CheckOptions): void {
    const rows = checks.map((each) => [nameOf(each), each.sentence]);
    if (json) printJson(checks.map((each) => ({ name: nameOf(each), sentence: each.sentence })));
    else console.log(table(rows).join("\n"));
}

/** What the swarm should have, with what its state says that the last `up` deployed. */
async function expectedWithState(standing: Standing): Promise<Expected> {
    const expected = expectedOf(standing);
    const state = await (await readerOf(standing.stack, standing.progress))?.state();
    return state ? { ...expected, deployed: deployedIn(state.resources) } : expected;
}

/** By stack and service, the digest of what the last `up` deployed. */
export function deployedIn(resources: readonly StateResource[]): NonNullable<Expected["deployed"]> {
    const stacks = resources.filter(({ type }) => type === "swarm:index:Stack");
    return Object.fromEntries(
        stacks.map(({ outputs = {} }) => [String(outputs.name), outputs.deployed as Record<string, string>]),
    );
}

function jsonOf({ check: each, result, findings, ms }: Checked) {
    return {
        name: nameOf(each),
        sentence: each.sentence,
        result: findings.some(({ severity }) => severity === "error") && result === "warn" ? "fail" : result,
        seconds: Math.round(ms / 100) / 10,
        findings,
    };
}

const MARKS = { pass: "✓", warn: "!", fail: "✗", unseen: "?" } as const;

/** What `check` prints: each check with its sentence and what it found, at most 80 columns. */
export function checkText(checked: readonly Checked[]): string[] {
    const width = Math.max(...checked.map(({ check: each }) => nameOf(each).length)) + 4;
    const lines = checked.flatMap((each) => {
        const { result, findings } = each;
        const head = `${MARKS[result]} ${nameOf(each.check)}`;
        return [
            ...wrapped(each.check.sentence, width, head.padEnd(width)),
            ...findings.flatMap(({ id, problem, advice }) => [
                ...wrapped(`${id}: ${problem}`, 6, "    "),
                ...(advice === "" ? [] : wrapped(advice, 8)),
            ]),
        ];
    });
    const count = (result: Checked["result"]) => checked.filter((each) => each.result === result).length;
    const said = { pass: "passed", warn: "warned", fail: "failed", unseen: "could not look at everything" };
    const counts = Object.entries(said).flatMap(([result, verb]) => {
        const number = count(result as Checked["result"]);
        return number === 0 ? [] : [`${number} ${verb}`];
    });
    return [...lines, "", `${counts.join(", ")}.`];
}
