// Runs the tests: setup, lint, types, shell scripts, then mocha for each suite. Every suite runs, even if an earlier one
// failed. The last line says how many tests passed, failed and were skipped.

import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { constants, tmpdir } from "node:os";
import { join } from "node:path";
import { SkepError } from "../../errors";
import { createProgress, type Progress } from "../../scripts/setup/progress";
import { installPackages, run } from "../../scripts/setup/programs";
import { ensureRealPlugins } from "../../scripts/setup/plugins";
import { setup } from "../../scripts/setup/setup";
import type { Tools } from "../../scripts/setup/tools";
import { removeLeftovers } from "./leftovers";
import { ROOT, runProgram, type Program } from "./programs";
import { durations, PARTS, type Suite, suitesOf } from "./suites";

interface Counts {
    passed: number;
    failed: number;
    skipped: number;
}

const PASSED: Counts = { passed: 1, failed: 0, skipped: 0 };
const FAILED: Counts = { passed: 0, failed: 1, skipped: 0 };

/** Runs these suites and returns the exit code: 1 when a test failed or none passed. */
export async function runTests(
    suites: readonly Suite[],
    progress: Progress = createProgress(),
): Promise<number> {
    const tests = new Run(progress);
    const interrupt = new AbortController();
    let caught: NodeJS.Signals | undefined;
    const onSignal = (signal: NodeJS.Signals) => {
        caught ??= signal;
        interrupt.abort();
    };
    const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
    for (const signal of signals) process.on(signal, onSignal);
    try {
        const aborted = new Promise<void>((resolve) =>
            interrupt.signal.addEventListener("abort", () => resolve(), { once: true }),
        );
        // Setup may be interrupted at any moment; mocha's processes end through the signal.
        const running = tests.run(suites, interrupt.signal);
        await Promise.race([running, aborted.then(() => (tests.waitsForChild ? running : undefined))]);
        if (caught) process.stderr.write(`TEST_INTERRUPTED: ${caught} ended the tests early.\n`);
        // Unit tests leave nothing on the engine, and hosts of another run may stand there.
        if (!onlyUnit(suites)) await tests.takeDown();
    } finally {
        for (const signal of signals) process.off(signal, onSignal);
    }
    const { passed, failed, skipped } = tests.counts;
    console.log(`${passed} passed, ${failed} failed, ${skipped} skipped`);
    if (caught) return 128 + constants.signals[caught];
    return failed > 0 || passed === 0 ? 1 : 0;
}

class Run {
    readonly counts: Counts = { passed: 0, failed: 0, skipped: 0 };
    waitsForChild = false;

    constructor(private readonly progress: Progress) {}

    async run(suites: readonly Suite[], signal: AbortSignal): Promise<void> {
        console.log(`The tests take ${durations(suites)}`);
        const tools = onlyUnit(suites) ? undefined : await this.setup(signal);
        // `npm test` compares only if the real plugins are built already, and builds none.
        const isReal = suites.some(({ part, inAll }) => part === "real" && !inAll);
        if (isReal) await this.buildRealPlugins(signal);
        const env = {
            // Skep itself checks the version of Node.js.
            AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: "true",
            ...(tools && { SKEP_PULUMI_ROOT: tools.pulumi.root }),
            // Some tests are too long for `npm test`: see inFull.
            ...(isReal && { SKEP_TESTS: "full" }),
        };
        for (const suite of suites) {
            if (suite.place === "test/unit") await this.checks(signal);
            await this.mocha(suite, env, signal);
        }
    }

    /** Without set-up's tools the tests still run, and say themselves what they miss. */
    private async setup(signal: AbortSignal): Promise<Tools | undefined> {
        let tools: Tools | undefined;
        await this.guarded("setup", signal, async () => {
            tools = await setup({ progress: this.progress, needs: "lab" });
            return PASSED;
        });
        return tools;
    }

    private async buildRealPlugins(signal: AbortSignal): Promise<void> {
        await this.guarded("the real plugins", signal, async () => {
            await ensureRealPlugins(this.progress);
            return PASSED;
        });
    }

    private async checks(signal: AbortSignal): Promise<void> {
        const node = (tool: string, ...args: string[]) => [join(ROOT, "node_modules", tool), ...args];
        const nodes = (what: string, ...lists: string[][]) =>
            lists.map((args): Program => ({ what, file: process.execPath, args, timeoutMinutes: 10 }));
        await this.check(
            "lint",
            signal,
            nodes(
                "lint",
                node("eslint/bin/eslint.js", "."),
                node("prettier/bin/prettier.cjs", "--check", "--log-level", "warn", "."),
            ),
        );
        await this.check("types", signal, nodes("types", node("typescript/bin/tsc", "--noEmit")));
        await this.shellScripts(signal);
    }

    private async shellScripts(signal: AbortSignal): Promise<void> {
        await this.guarded("shell scripts", signal, async () => {
            if (!isOnPath("shellcheck"))
                await installPackages(this.progress, ["shellcheck"], "Checking the shell scripts");
            const args = await shellScripts();
            const program = { what: "shellcheck", file: "shellcheck", args, timeoutMinutes: 5 };
            return (await this.child(program, signal)) ? PASSED : FAILED;
        });
    }

    /** Runs one check: it runs all of its programs, and all must succeed. */
    private async check(title: string, signal: AbortSignal, programs: readonly Program[]): Promise<void> {
        await this.guarded(title, signal, async () => {
            let ok = true;
            for (const program of programs) ok = (await this.child(program, signal)) && ok;
            return ok ? PASSED : FAILED;
        });
    }

    private async mocha(
        { title, place, atMost, env }: Suite,
        common: NodeJS.ProcessEnv,
        signal: AbortSignal,
    ): Promise<void> {
        const results = mkdtempSync(join(tmpdir(), "skep-test-"));
        const result = join(results, "result.json");
        const args = [
            join(ROOT, "node_modules/mocha/bin/mocha.js"),
            // Mocha accepts this option only in this spelling.
            "--import=tsx",
            "--exit",
            "--reporter",
            join(ROOT, "test/run/reporter.ts"),
            place.endsWith(".ts") ? place : `${place}/**/*.test.ts`,
        ];
        await this.guarded(title, signal, async () => {
            const program = {
                what: title,
                file: process.execPath,
                args,
                timeoutMinutes: atMost,
                env: { ...common, ...env, SKEP_TEST_RESULT: result },
            };
            const ok = await this.child(program, signal);
            if (!existsSync(result)) {
                process.stderr.write(`TEST_NO_RESULT: ${title} ended without a result.\n`);
                return FAILED;
            }
            const counts = JSON.parse(readFileSync(result, "utf8")) as Counts;
            // If mocha failed although all tests passed, something outside of the tests failed.
            return ok || counts.failed > 0 ? counts : { ...counts, failed: 1 };
        });
        rmSync(results, { recursive: true });
    }

    /** Removes what tests left on the engine. */
    async takeDown(): Promise<void> {
        try {
            const removed = await removeLeftovers();
            if (removed > 0) this.progress.note(`Removed ${removed} things that tests left behind`);
        } catch (error) {
            report("taking down what tests left", error);
            this.add(FAILED);
        }
    }

    private async child(program: Program, signal: AbortSignal): Promise<boolean> {
        this.waitsForChild = true;
        try {
            return await runProgram(program, signal);
        } finally {
            this.waitsForChild = false;
        }
    }

    /** Adds the counts of `work`, or one failure when it throws. After an interrupt it starts nothing. */
    private async guarded(what: string, signal: AbortSignal, work: () => Promise<Counts>): Promise<void> {
        if (signal.aborted) return;
        console.log(`\n== ${what}`);
        try {
            this.add(await work());
        } catch (error) {
            report(what, error);
            this.add(FAILED);
        }
    }

    private add({ passed, failed, skipped }: Counts): void {
        this.counts.passed += passed;
        this.counts.failed += failed;
        this.counts.skipped += skipped;
    }
}

/** The shell scripts among the tracked files. Their names or their first lines show it. */
async function shellScripts(): Promise<string[]> {
    const list = await run("git", ["-C", ROOT, "ls-files", "-z"], {
        what: "listing the tracked files",
        advice: "Run the tests in a git checkout.",
    });
    const files = list.split("\0").filter((file) => file !== "" && existsSync(join(ROOT, file)));
    return files.filter(isShellScript);
}

function isShellScript(file: string): boolean {
    if (/\.(ts|mjs|cjs|json|ya?ml|md)$/.test(file)) return false;
    return file.endsWith(".sh") || /^#!.*\b(ba)?sh\b/.test(readFileSync(join(ROOT, file), "utf8"));
}

function isOnPath(program: string): boolean {
    return (process.env.PATH ?? "").split(":").some((folder) => existsSync(join(folder, program)));
}

function report(what: string, error: unknown): void {
    const debugging =
        process.env.SKEP_DEBUG === "1" && !(error instanceof SkepError) && error instanceof Error;
    const text = debugging ? error.stack : error instanceof Error ? error.message : String(error);
    process.stderr.write(`TEST_FAILED: ${what}: ${text}\n`);
}

/** Unit tests need no set-up, and leave nothing on the engine. */
function onlyUnit(suites: readonly Suite[]): boolean {
    return suites.every(({ part }) => part === "unit");
}

async function main(): Promise<void> {
    const wanted = process.argv[2] ?? "all";
    const suites = suitesOf(wanted);
    if (suites === undefined) {
        process.stderr.write(
            `TEST_PART: There is no part or file ${wanted} of the tests. Take a file below test/, or ${PARTS.join(", ")}.\n`,
        );
        process.exit(1);
    }
    // After an interrupt, unfinished work may still wait.
    process.exit(await runTests(suites));
}

if (process.argv[1] === __filename) void main();
