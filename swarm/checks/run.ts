// Runs checks side by side for somebody who wants to see the result of each.
import { setMaxListeners } from "node:events";
import { type Problem, SkepError } from "../../errors";
import { type Finding, finding } from "../../planning/finding";
import { NoManager } from "../failures";
import type { Swarm } from "../swarm";
import { pause } from "../wait";
import type { Check, Expected } from "./check";

const LIMIT_MS = 30_000;
/** Findings that only say that something could not be looked at. */
const BLIND = ["CHECK_UNSEEN", "CHECK_TIMED_OUT", "DATA_PATH_UNTESTED", "CERTIFICATE_UNSEEN"];

/** What became of a check. */
export interface Checked {
    check: Check;
    /** `unseen`: the check could not look at everything, and found nothing else. */
    result: "pass" | "warn" | "fail" | "unseen";
    findings: Finding[];
    ms: number;
}

/**
 * Runs the checks side by side, each with its own time limit. One that fails or hangs keeps no other from its result.
 * `running` is told the names of those that still run.
 */
export async function runChecks(
    checks: readonly Check[],
    swarm: Swarm,
    expected: Expected,
    running: (names: readonly string[]) => void = () => undefined,
): Promise<Checked[]> {
    const left = new Set(checks.map(({ name }) => name));
    running([...left]);
    return Promise.all(
        checks.map(async (check): Promise<Checked> => {
            const began = Date.now();
            const findings = (await problemsOf(check, swarm, expected)).map(finding);
            left.delete(check.name);
            running([...left]);
            return { check, result: resultOf(findings), findings, ms: Date.now() - began };
        }),
    );
}

async function problemsOf(check: Check, swarm: Swarm, expected: Expected): Promise<readonly Problem[]> {
    const { name, limitMs = LIMIT_MS } = check;
    const over = new AbortController();
    const signal = AbortSignal.any([swarm.ctx.signal, over.signal]);
    setMaxListeners(0, signal); // a check asks all hosts at once
    const ended = new AbortController();
    const timedOut = pause(limitMs, AbortSignal.any([swarm.ctx.signal, ended.signal])).then((): Problem[] => {
        over.abort();
        return [
            {
                id: "CHECK_TIMED_OUT",
                problem: `The check ${name} did not end within ${limitMs / 1000} s.`,
                advice: "Look at the hosts that other checks name, then run it again.",
            },
        ];
    });
    try {
        return await Promise.race([check.run(swarm.during({ signal }), expected), timedOut]);
    } catch (error) {
        if (swarm.ctx.signal.aborted || !(error instanceof SkepError)) throw error;
        // Which managers do not answer, and why, is what the checks hosts and votes say.
        if (!(error instanceof NoManager)) return error.problems;
        return [
            {
                id: "CHECK_UNSEEN",
                problem: "No manager answered, so nobody could say.",
                advice: "The checks hosts and votes say why.",
            },
        ];
    } finally {
        // A timer that nobody needs any more would keep the command from its end.
        ended.abort();
    }
}

function resultOf(findings: readonly Finding[]): Checked["result"] {
    const errors = findings.filter(({ severity }) => severity === "error");
    if (errors.some(({ id }) => !BLIND.includes(id))) return "fail";
    if (errors.length > 0) return "unseen";
    return findings.length > 0 ? "warn" : "pass";
}
