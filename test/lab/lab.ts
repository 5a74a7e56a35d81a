// A stack for the lab tests. They use the same command line as users, and look at the stack from outside.

import { execFile, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import type { ContainerInfo } from "dockerode";
import { parse } from "yaml";
import { isGateway } from "../../lab/hosts";
import { STACK_LABEL } from "../../planning/labels";
import { shellQuote } from "../../planning/shell";
import { dockerClient } from "../../scripts/setup/docker";
import { Running } from "./running";

const ROOT = resolve(__dirname, "../..");
const MEGABYTES_64 = 64 * 1024 * 1024;
const run = promisify(execFile);

export interface NodeOutput {
    name: string;
    role: string;
    zone: string;
    address: string;
    nodeId: string;
    /** `engine` is of managers, `app` of stacks with the sample. */
    ports: { ssh: number; engine?: number; app?: number; registry: number };
}

export class Lab {
    readonly clients: string;
    /** What its settings are unless a test gives it others. */
    usual: Record<string, unknown> = {};
    private folder: string | undefined;

    /** `project` is the clone to run; default this one. `environment` has variables in addition to this process's own. */
    constructor(
        readonly stack: string,
        readonly project = ROOT,
        readonly environment: NodeJS.ProcessEnv = {},
    ) {
        this.clients = join(project, ".skep", "clients", stack);
    }

    /**
     * Writes the stack's settings: those of the default stack, with its usual ones and these changes. The engine is one from
     * which a test can change to a newer one, wherever this machine has packages from.
     */
    configure(settings: Record<string, unknown> = {}): void {
        const { config } = parse(readFileSync(join(ROOT, "Pulumi.dev.yaml"), "utf8")) as { config: object };
        writeFileSync(
            join(this.project, `Pulumi.${this.stack}.yaml`),
            JSON.stringify({
                config: { ...config, "skep:dockerVersion": "26.1", ...this.usual, ...settings },
            }),
        );
    }

    /** Writes a file for a command and returns its path. `forget` removes it with the stack's settings. */
    file(name: string, text: string): string {
        this.folder ??= mkdtempSync(join(tmpdir(), "skep-lab-"));
        const path = join(this.folder, name);
        writeFileSync(path, text, { mode: 0o600 });
        return path;
    }

    forget(): void {
        rmSync(join(this.project, `Pulumi.${this.stack}.yaml`), { force: true });
        if (this.folder) rmSync(this.folder, { recursive: true, force: true });
    }

    /** Runs `npm run skep -- ARGUMENTS` and returns its output. */
    async skep(...command: string[]): Promise<string> {
        return this.run(process.execPath, this.command(command));
    }

    /** As `skep`, but returns at once, so the test can read the output meanwhile, and interrupt or kill the command. */
    start(...command: string[]): Running {
        return new Running(process.execPath, this.command(command), this.project, this.environment);
    }

    /**
     * As `skep`, typed at a terminal by someone who gives this answer to its question; standard output goes to a file, as in
     * `skep destroy > log`. Answers with what stood on the terminal and with the exit code.
     */
    async atTerminal(answer: string, ...command: string[]): Promise<{ said: string; code: number | null }> {
        const typed = [process.execPath, ...this.command(command)].map(shellQuote).join(" ");
        const terminal = spawn("script", ["-qec", `${typed} >/dev/null`, "/dev/null"], {
            cwd: this.project,
            env: { ...process.env, ...this.environment },
            stdio: ["pipe", "pipe", "inherit"],
        });
        let said = "";
        terminal.stdout.on("data", (chunk) => {
            said += String(chunk);
            // With the answer the input ends, as nobody is there any more.
            if (said.includes("[y/N]") && !terminal.stdin.writableEnded) terminal.stdin.end(answer);
        });
        const [code] = (await once(terminal, "close")) as [number | null];
        return { said, code };
    }

    /** Runs a program in the project's folder and returns its output. */
    async run(file: string, args: readonly string[], environment: NodeJS.ProcessEnv = {}): Promise<string> {
        const { stdout } = await run(file, args, {
            cwd: this.project,
            env: { ...process.env, ...this.environment, ...environment },
            timeout: 900_000,
            maxBuffer: MEGABYTES_64,
        });
        return stdout;
    }

    /** Runs the plain `pulumi` command with the environment that `skep env` prints. */
    async pulumi(...command: string[]): Promise<string> {
        const script = 'eval "$(node scripts/skep.mjs env --stack "$STACK")" && exec pulumi "$@"';
        return this.run("sh", ["-c", script, "sh", ...command, "--non-interactive"], { STACK: this.stack });
    }

    private command(command: readonly string[]): string[] {
        // What follows -- is a command on a host.
        const own = command.includes("--") ? command.indexOf("--") : command.length;
        const options = [...command.slice(0, own), "--stack", this.stack, ...command.slice(own)];
        return [join(this.project, "scripts/skep.mjs"), ...options];
    }

    async json<T>(...command: string[]): Promise<T> {
        return JSON.parse(await this.skep(...command, "--json")) as T;
    }

    /** Runs a shell command on a host over SSH, with the pinned host key. */
    async on(host: string, command: string, input = ""): Promise<string> {
        const running = run("ssh", ["-F", join(this.clients, "ssh-config"), host, command], {
            timeout: 120_000,
            maxBuffer: MEGABYTES_64,
        });
        running.child.stdin?.end(input);
        return (await running).stdout.trim();
    }
}

/** The containers of the stack's hosts that run; without its gateway. */
export async function hostContainers(stack: string): Promise<ContainerInfo[]> {
    const filters = { label: [`${STACK_LABEL}=${stack}`] };
    return (await dockerClient().listContainers({ filters })).filter(({ Labels }) => !isGateway(Labels));
}

/** Whether there is the `script` of util-linux, which makes terminals for `atTerminal`; says so when it is missing. */
export function canType(): boolean {
    if (spawnSync("script", ["--version"]).status === 0) return true;
    console.log("      skipped: there is no script of util-linux, which makes a terminal");
    return false;
}

/** Asks again and again until `question` gives an answer. When the time is over, the error says what it waited for. */
export async function eventually<T>(
    what: string,
    question: () => Promise<T | undefined>,
    seconds = 90,
): Promise<T> {
    const end = Date.now() + seconds * 1000;
    let last: unknown;
    for (;;) {
        try {
            const answer = await question();
            if (answer !== undefined) return answer;
        } catch (error) {
            last = error;
        }
        if (Date.now() > end) throw new Error(`waited ${seconds} s for ${what}`, { cause: last });
        await new Promise((done) => setTimeout(done, 1000));
    }
}

/** The name of the node that serves the sample's page at this URL; undefined if none does. */
export async function servingNode(url: string): Promise<string | undefined> {
    const signal = AbortSignal.timeout(5_000);
    const answer = await fetch(url, { headers: { connection: "close" }, signal }).catch(() => undefined);
    return answer?.status === 200 ? /on node (\S+?)</.exec(await answer.text())?.[1] : undefined;
}
