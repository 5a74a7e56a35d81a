// The command line's way in: runs a command, and shows what is wrong. program.ts says which commands there are.

import "./lazy-typescript";
import { exitCodeOf, formatProblem, SkepError } from "../errors";
import { EXIT_CODES } from "../errors/problem-group";
import { directEnvironment } from "../planning/proxies";
import { interruptedCode } from "./interrupt";
import { commandLine } from "./program";
import { goOnUnread } from "./unread-output";

// Pulumi's SDK takes a stack trace for each of its promises. Only a developer needs source positions in them.
if (!process.env.SKEP_DEBUG) process.setSourceMapsEnabled(false);

goOnUnread();
Object.assign(process.env, directEnvironment(process.env));

commandLine()
    .parseAsync()
    .catch(async (error: unknown) => {
        const { knownProblem } = await import("../scripts/setup/known-failures");
        const known = knownProblem(error instanceof Error ? error.message : String(error));
        const problems = error instanceof SkepError ? error.problems : known ? [known] : [];
        for (const problem of problems) console.error(`✗ ${formatProblem(problem)}`);
        if (problems.length === 0) {
            console.error(`✗ BUG: ${error instanceof Error ? error.message : String(error)}`);
            console.error(process.env.SKEP_DEBUG ? error : "  SKEP_DEBUG=1 shows where it happened.");
        }
        const code = problems[0] ? exitCodeOf(problems[0].id) : EXIT_CODES.bug;
        // Exit explicitly: what an interrupt cut short may still be waiting.
        process.exit(interruptedCode() ?? code);
    });
