// The command line: which commands there are, and how problems are shown. Each command is a file in commands/.

import "./lazy-typescript";
import { Command } from "commander";
import { exitCodeOf, formatProblem, SkepError } from "../errors";
import { EXIT_CODES } from "../errors/problem-group";
import { directEnvironment } from "../planning/proxies";
import { interruptedCode, watchInterrupts } from "./interrupt";
import { goOnUnread } from "./unread-output";
import type { Options } from "./options";
import type { DestroyOptions } from "./commands/destroy";

// Pulumi's SDK takes a stack trace for each of its promises. Only a developer needs source positions in them.
if (!process.env.SKEP_DEBUG) process.setSourceMapsEnabled(false);

goOnUnread();
Object.assign(process.env, directEnvironment(process.env));

const program = new Command("skep")
    .description("A multi-AZ Docker Swarm: previewed, locked, kept healthy, destroyed without residue")
    .addHelpText("after", "\nnpm test runs the tests, npm run test:unit and the like a part of them.")
    .showHelpAfterError()
    .exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? EXIT_CODES.done : EXIT_CODES.refused));

/**
 * Declares a command that works on a stack. Its module is loaded when it is called: Pulumi's SDK takes a second to load,
 * and `--help` need not wait for that.
 */
function onStack(name: string, description: string) {
    return program
        .command(name)
        .description(description)
        .option("-s, --stack <name>", "the stack", "dev")
        .option("--json", "print the result as JSON")
        .option("-y, --yes", "do not ask; destroy needs it where there is no terminal")
        .hook("preAction", () =>
            watchInterrupts("Run the same command again: it goes on from what is there."),
        );
}

const LOSE_SWARM = [
    "--lose-swarm <name>",
    "the stack's name again: its swarm may end, with all that is in it",
] as const;

onStack("up", "bring the stack to what its settings say")
    .option(...LOSE_SWARM)
    .action(async (options: Options) => (await import("./commands/up")).up(options));
onStack("preview", "show what up would do")
    .option(...LOSE_SWARM)
    .action(async (options: Options) => (await import("./commands/up")).preview(options));
onStack("destroy", "remove every trace of the stack")
    .option(...LOSE_SWARM)
    .option("--orphaned", "also remove lab hosts of this stack that another, lost copy of the project made")
    .action(async (options: DestroyOptions) => (await import("./commands/destroy")).destroy(options));
onStack("output", "print the stack's outputs, or one of them, secrets included when named")
    .argument("[name]", "the output, such as unlockKey")
    .action(async (name: string | undefined, options: Options) =>
        (await import("./commands/output")).output(name, options),
    );
onStack("env", "print what the plain pulumi command needs in its environment").action(
    async (options: Options) => (await import("./commands/env")).env(options),
);
program.parseAsync().catch(async (error: unknown) => {
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
