// The test suite: setup, lint, types, shell scripts, then mocha part by part. Every part runs even when an earlier one
// failed, and the last line says how many tests passed, failed and were skipped.
// Alone: node --import tsx test/run/main.ts [part]

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

/**
 * `unit` needs no setup; `faults` loses hosts and scales; `kill` interrupts and kills; `real` builds the plugins that stand-ins
 * are compared with, and brings a swarm up on them; `online` plays the sites that set-up downloads from; `all` is everything
 * but what takes long, `full` is everything.
 */
export const PARTS = [
    "unit",
    "providers",
    "lab",
    "aws",
    "faults",
    "kill",
    "real",
    "online",
    "all",
    "full",
] as const;
export type Part = (typeof PARTS)[number];

function isPart(text: string): text is Part {
    return (PARTS as readonly string[]).includes(text);
}

interface Counts {
    passed: number;
    failed: number;
    skipped: number;
}

const PASSED: Counts = { passed: 1, failed: 0, skipped: 0 };
const FAILED: Counts = { passed: 0, failed: 1, skipped: 0 };

/** Runs a part of the suite and returns the exit code: 1 when a test failed or none passed. */
export async function runTests(part: Part, progress: Progress = createProgress()): Promise<number> {
    const suite = new Suite(progress);
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
        // Setup and its like may be cut at any moment; mocha's processes end through the signal.
        const running = suite.run(part, interrupt.signal);
        await Promise.race([running, aborted.then(() => (suite.waitsForChild ? running : undefined))]);
        if (caught) process.stderr.write(`TEST_INTERRUPTED: ${caught} ended the tests early.\n`);
        // Unit tests make nothing there, and another run's hosts may stand.
        if (part !== "unit") await suite.takeDown();
    } finally {
        for (const signal of signals) process.off(signal, onSignal);
    }
    const { passed, failed, skipped } = suite.counts;
    console.log(`${passed} passed, ${failed} failed, ${skipped} skipped`);
    if (caught) return 128 + constants.signals[caught];
    return failed > 0 || passed === 0 ? 1 : 0;
}

class Suite {
    readonly counts: Counts = { passed: 0, failed: 0, skipped: 0 };
    waitsForChild = false;

    constructor(private readonly progress: Progress) {}

    async run(part: Part, signal: AbortSignal): Promise<void> {
        const has = (wanted: Part) => part === wanted || part === "full";
        const inAll = (wanted: Part) => has(wanted) || part === "all";
        const tools = part === "unit" ? undefined : await this.setup(signal);
        const env = {
            // Which Node.js is used is Skep's own matter.
            AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: "true",
            ...(tools && { SKEP_PULUMI_ROOT: tools.pulumi.root }),
        };
        if (has("real")) await this.buildRealPlugins(signal);
        if (inAll("unit")) {
            await this.checks(signal);
            await this.mocha("the unit tests", "test/unit", 10, env, signal);
        }
        if (inAll("providers")) await this.mocha("the provider tests", "test/providers", 30, env, signal);
        // Skipped, with the reason, where those plugins are not built.
        const cases = has("real") && { SKEP_CONFORMANCE: "all" };
        if (inAll("real"))
            await this.mocha("the tests of real plugins", "test/real", 60, { ...env, ...cases }, signal);
        if (inAll("aws")) await this.mocha("the tests of hosts on EC2", "test/aws", 40, env, signal);
        if (inAll("lab")) await this.mocha("the lab tests", "test/lab", 90, env, signal);
        if (has("real"))
            await this.mocha(
                "a swarm on real plugins",
                "test/lab/swarm.test.ts",
                40,
                { ...env, SKEP_PLUGINS: "real" },
                signal,
            );
        if (has("faults")) await this.mocha("the fault tests", "test/faults", 90, env, signal);
        if (has("online")) await this.mocha("the tests of downloads", "test/online", 40, env, signal);
        if (has("kill")) await this.mocha("the tests of interrupts", "test/kill", 60, env, signal);
    }

    /** Without its tools the tests still run: they say themselves what they miss. */
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

    /** One check: all of its programs run, and all must end with success. */
    private async check(title: string, signal: AbortSignal, programs: readonly Program[]): Promise<void> {
        await this.guarded(title, signal, async () => {
            let ok = true;
            for (const program of programs) ok = (await this.child(program, signal)) && ok;
            return ok ? PASSED : FAILED;
        });
    }

    /** `place` is a test file, or a folder of them. */
    private async mocha(
        what: string,
        place: string,
        timeoutMinutes: number,
        env: NodeJS.ProcessEnv,
        signal: AbortSignal,
    ): Promise<void> {
        const results = mkdtempSync(join(tmpdir(), "skep-test-"));
        const result = join(results, "result.json");
        const args = [
            join(ROOT, "node_modules/mocha/bin/mocha.js"),
            // Mocha understands this option in this spelling only.
            "--import=tsx",
            "--exit",
            "--reporter",
            join(ROOT, "test/run/reporter.ts"),
            place.endsWith(".ts") ? place : `${place}/**/*.test.ts`,
        ];
        await this.guarded(what, signal, async () => {
            const program = {
                what,
                file: process.execPath,
                args,
                timeoutMinutes,
                env: { ...env, SKEP_TEST_RESULT: result },
            };
            const ok = await this.child(program, signal);
            if (!existsSync(result)) {
                process.stderr.write(`TEST_NO_RESULT: ${what} ended without a result.\n`);
                return FAILED;
            }
            const counts = JSON.parse(readFileSync(result, "utf8")) as Counts;
            // Ended badly after all tests passed: something outside of them went wrong.
            return ok || counts.failed > 0 ? counts : { ...counts, failed: 1 };
        });
        rmSync(results, { recursive: true });
    }

    /** Takes away what tests left on the engine. */
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

    /** Counts what `work` says, or one failure when it throws. After an interrupt nothing more begins. */
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

/** Shell scripts among the tracked files: by their names, or by their first lines. */
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

async function main(): Promise<void> {
    const part = process.argv[2] ?? "all";
    if (!isPart(part)) {
        process.stderr.write(`TEST_PART: There is no part ${part}; there are ${PARTS.join(", ")}.\n`);
        process.exit(1);
    }
    // What an interrupt cut short may still be waiting.
    process.exit(await runTests(part));
}

if (process.argv[1] === __filename) void main();
