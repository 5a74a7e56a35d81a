// What a look at a swarm finds, and how a command that found it ends. No I/O.
import { exitCodeOf, type Problem, type ProblemId } from "../errors";
import { exitClassOf } from "../errors/catalog";
import { EXIT_CODES } from "../errors/problem-group";

/** Something that is not as it should be. A warning leaves the exit code 0. */
export interface Finding extends Problem {
    severity: "error" | "warning";
}

/** Only of a look: the swarm works while this is so. A command that cannot go on because of it reports an error. */
const WARNINGS: readonly ProblemId[] = ["QUORUM_AT_RISK"];

/** A problem as a finding: an error, unless its class says that a command may end well with it. */
export function finding(problem: Problem): Finding {
    const isWarning = exitClassOf(problem.id) === "done" || WARNINGS.includes(problem.id);
    return { ...problem, severity: isWarning ? "warning" : "error" };
}

/** The same problems, each sentence once. */
export function distinct(problems: readonly Problem[]): Problem[] {
    return [...new Map(problems.map((problem) => [problem.problem, problem])).values()];
}

/** A problem as a warning, whatever its class. */
export function warning(problem: Problem): Finding {
    return { ...problem, severity: "warning" };
}

/** The same findings with warnings as errors, if `strict`. */
export function strictly(findings: readonly Finding[], strict = false): Finding[] {
    return findings.map((each) => (strict ? { ...each, severity: "error" } : each));
}

/** Errors first, and each kind together. */
export function inOrder(findings: readonly Finding[]): Finding[] {
    const rank = ({ severity }: Finding) => (severity === "error" ? 0 : 1);
    return [...findings].sort((one, other) => rank(one) - rank(other));
}

/**
 * How a look ends: 0 without errors, 4 if hosts are all that is wrong, else 5. A warning that `--strict` made an error
 * counts as the swarm's.
 */
export function lookCode(findings: readonly Finding[]): number {
    const errors = findings.filter(({ severity }) => severity === "error");
    if (errors.length === 0) return EXIT_CODES.done;
    return errors.every(({ id }) => exitClassOf(id) === "host") ? EXIT_CODES.host : EXIT_CODES.swarm;
}

/**
 * How a look ends whose first error decides: see docs/scripting.md. A look leaves nothing undone, so what another command
 * would leave undone counts as the swarm's.
 */
export function firstCode(findings: readonly Finding[]): number {
    const first = findings.find(({ severity }) => severity === "error");
    if (!first) return EXIT_CODES.done;
    const code = exitCodeOf(first.id);
    return code === EXIT_CODES.done || code === EXIT_CODES.left ? EXIT_CODES.swarm : code;
}
