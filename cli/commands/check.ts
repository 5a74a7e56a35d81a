// `skep check`: tries, one named check after another, whether the swarm is as it should be. It changes nothing but for the
// probe of the data path, which removes what it made.

import type { StateResource } from "../../config/state";
import { SkepError, skepError } from "../../errors";
import { firstCode, strictly } from "../../planning/finding";
import type { Check, Expected } from "../../swarm/checks/check";
import { ALL_CHECKS } from "../../swarm/checks/list";
import { type Checked, runChecks } from "../../swarm/checks/run";
import type { Options } from "../options";
import { printJson } from "../print";
import { expectedOf } from "../stack/last-look";
import { didYouMean, onStanding, type Standing } from "../stack/standing";
import { ownStacks } from "../stack/wanted";
import { readerOf } from "../steps";
import { printNext, table } from "../table";
import { wrapped } from "../width";

export interface CheckOptions extends Options {
    /** Warnings count as errors. */
    strict?: boolean;
    /** Names the checks, and runs none. */
    list?: boolean;
}

/** Runs the checks of these names, or all. Its first error decides the exit code. Throws CHECK_UNKNOWN. */
export async function check(names: readonly string[], options: CheckOptions): Promise<void> {
    const chosen = chosenChecks(names);
    if (options.list) return list(chosen, options);
    await onStanding(options, async (standing) => {
        const at = new Date().toISOString();
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
            unknown.flatMap(
                (name) =>
                    skepError(
                        "CHECK_UNKNOWN",
                        `There is no check "${name}".`,
                        didYouMean(name, known) || `There are ${known.join(", ")}.`,
                    ).problems,
            ),
        );
    return ALL_CHECKS.filter((each) => names.length === 0 || names.includes(nameOf(each)));
}

function list(checks: readonly Check[], { json }: CheckOptions): void {
    const rows = checks.map((each) => [nameOf(each), each.sentence]);
    if (json) printJson(checks.map((each) => ({ name: nameOf(each), sentence: each.sentence })));
    else console.log(table(rows));
}

/** What the swarm should have, with what its state says that the last `up` deployed. */
async function expectedWithState(standing: Standing): Promise<Expected> {
    const expected = expectedOf(standing, ownStacks(standing.outputs));
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
