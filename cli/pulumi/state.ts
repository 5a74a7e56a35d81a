// Reads a stack's state through the program `pulumi`, which takes no lock for that, writes nothing and needs no plugin.

import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { SkepError } from "../../errors";
import { opened, secretsIn } from "../../planning/secrets";
import { PROJECT, STATE_FOLDER } from "../../config/folders";
import type { Deployment, StateResource } from "../../config/state";
import { pulumiError, knownProblem } from "../../scripts/setup/known-failures";

/** The limits of a read. A distant backend may be slow, and no state of ours is as large as this. */
const READ_MILLISECONDS = 60_000;
const MEGABYTES_256 = 256 * 1024 * 1024;
/** The name of the Pulumi project. */
export const PROJECT_NAME = "skep";

const run = promisify(execFile);

/** The file that holds a stack's state on the project's own backend. */
export function stateFile(stack: string): string {
    return join(STATE_FOLDER, ".pulumi/stacks", PROJECT_NAME, `${stack}.json`);
}

/** Whether this stack may have a state: false if the project's own backend is used and has none. */
export function mayHaveState(stack: string): boolean {
    return process.env.PULUMI_BACKEND_URL !== undefined || existsSync(stateFile(stack));
}

export interface State {
    resources: StateResource[];
    /** Whether a killed run, or one that is at work now, has begun operations whose end the state does not have. */
    hasPending: boolean;
}

/** Reads the state of one stack with this program and environment. Throws STATE_UNREACHABLE. */
export class StateReader {
    constructor(
        private readonly stack: string,
        private readonly pulumi: string,
        private readonly environment: NodeJS.ProcessEnv,
    ) {}

    /** The state, with secret outputs encrypted; undefined if there is no such stack. */
    async state(): Promise<State | undefined> {
        const text = await this.ask("stack", "export");
        if (text === undefined) return undefined;
        const { deployment = {} } = JSON.parse(text) as { deployment?: Deployment };
        const { resources = [], pending_operations: pending = [] } = deployment;
        return { resources, hasPending: pending.length > 0 };
    }

    /** The stack's outputs, secrets in clear text; empty if there is no such stack. */
    async outputs(): Promise<Record<string, unknown>> {
        const text = await this.ask("stack", "output", "--json", "--show-secrets");
        return JSON.parse(text ?? "{}") as Record<string, unknown>;
    }

    /** The state's resources, secrets in clear; empty if there is no such stack. */
    async openResources(): Promise<StateResource[]> {
        const text = await this.ask("stack", "export", "--show-secrets");
        const { deployment = {} } = JSON.parse(text ?? "{}") as { deployment?: Deployment };
        return opened(deployment.resources ?? []) as StateResource[];
    }

    /** Every secret text that the state has, in clear; empty if there is no such stack. */
    async secrets(): Promise<string[]> {
        return secretsIn(JSON.parse((await this.ask("stack", "export", "--show-secrets")) ?? "{}"));
    }

    /** The passphrase that opens the state's secrets; undefined if pulumi is given none. */
    async passphrase(): Promise<string | undefined> {
        const environment = { ...process.env, ...this.environment };
        const { PULUMI_CONFIG_PASSPHRASE: given, PULUMI_CONFIG_PASSPHRASE_FILE: file } = environment;
        return (
            given ?? (file === undefined ? undefined : (await readFile(file, "utf8").catch(() => "")).trim())
        );
    }

    private async ask(...command: string[]): Promise<string | undefined> {
        const args = [...command, "--stack", this.stack, "--non-interactive"];
        try {
            const { stdout } = await run(this.pulumi, args, {
                cwd: PROJECT,
                env: { ...process.env, ...this.environment },
                timeout: READ_MILLISECONDS,
                maxBuffer: MEGABYTES_256,
            });
            return stdout;
        } catch (error) {
            const { stderr = "", message, killed } = error as Error & { stderr?: string; killed?: boolean };
            if (/no stack named .* found/.test(stderr)) return undefined;
            const why = killed
                ? `no answer within ${READ_MILLISECONDS / 1000} seconds`
                : pulumiError(stderr || message);
            throw unreachable(stderr || message, why);
        }
    }
}

/**
 * The error for a state that cannot be opened. `said` is everything that pulumi said, and `why` is the part that matters.
 */
export function unreachable(said: string, why = pulumiError(said)): SkepError {
    return new SkepError([
        knownProblem(said) ?? {
            id: "STATE_UNREACHABLE",
            problem: `The stack's state cannot be opened: ${why}.`,
            advice: "See to the place that PULUMI_BACKEND_URL names and to its credentials; without that, state is in .skep/state.",
        },
    ]);
}
