// The completion scripts, in the shells that they are for; and the page of commands that is made from the same tree.

import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { Argument, Command } from "commander";
import { commandLine } from "../../cli/program";
import { completionScript, type Shell } from "../../cli/tree/completion";
import { commandsPage } from "../../cli/tree/document";
import { allNodes, treeOf } from "../../cli/tree/tree";

const ROOT = resolve(__dirname, "../..");

describe("Completion", function () {
    this.timeout(20_000);
    const project = mkdtempSync(join(tmpdir(), "skep complete's "));
    const script = join(project, "script");

    before(() => {
        for (const stack of ["dev", "staging"]) writeFileSync(join(project, `Pulumi.${stack}.yaml`), "");
        const clients = join(project, ".skep/clients/staging");
        mkdirSync(clients, { recursive: true });
        writeFileSync(join(clients, "ssh-config"), "Host manager-1\n  Port 22\nHost worker-1\n  Port 23\n");
    });
    after(() => rmSync(project, { recursive: true }));

    /** What bash offers after this line, as after a press of Tab. */
    function inBash(line: string, program = commandLine()): string[] {
        writeFileSync(script, completionScript("bash", program, project));
        const words = line.split(" ");
        const ask = `source "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _skep skep "\${COMP_WORDS[COMP_CWORD]}" x; printf '%s\\n' "\${COMPREPLY[@]}"`;
        const said = execFileSync("bash", ["--norc", "-c", ask, "bash", script, ...words], {
            encoding: "utf8",
        });
        return said.split("\n").filter(Boolean);
    }

    /** As `inBash`, by the functions that both shells share. */
    function inZsh(line: string): string[] {
        const text = completionScript("zsh", commandLine(), project);
        writeFileSync(script, text.slice(0, text.indexOf("\n_skep() {")));
        const [, ...words] = line.split(" ");
        const ask = 'source "$1"; shift; _skep_candidates "$@"';
        const asked = ["-f", "-c", ask, "zsh", script, words.at(-1) ?? "", ...words.slice(0, -1)];
        const begun = words.at(-1) ?? "";
        return execFileSync("zsh", asked, { encoding: "utf8" })
            .split("\n")
            .filter((word) => word !== "" && word.startsWith(begun));
    }

    /** A program with commands below commands and a name of a host. */
    function nested(): Command {
        const program = new Command("skep");
        const registry = program.command("registry");
        registry.command("list").option("-s, --stack <name>", "");
        registry.command("login");
        program.command("ssh").argument("<host>", "").option("-s, --stack <name>", "");
        program
            .command("cp")
            .addArgument(new Argument("<way>", "").choices(["up", "down"]))
            .argument("<file>", "");
        return program;
    }

    it("completes a command by its first letters", () => {
        assert.deepEqual(inBash("skep pre"), ["preview"]);
        assert.ok(inBash("skep ").length > 4);
    });

    it("completes the options of the command, and no others", () => {
        assert.deepEqual(inBash("skep preview --st"), ["--stack"]);
        assert.deepEqual(inBash("skep preview --orph"), []);
        assert.deepEqual(inBash("skep destroy --yes --orph"), ["--orphaned"]);
    });

    it("completes names of stacks and of a stack's hosts from their files", () => {
        assert.deepEqual(inBash("skep preview --stack st"), ["staging"]);
        assert.deepEqual(inBash("skep ssh --stack staging w", nested()), ["worker-1"]);
        assert.deepEqual(inBash("skep ssh -s staging ", nested()), ["manager-1", "worker-1"]);
        assert.deepEqual(inBash("skep ssh --stack=staging man", nested()), ["manager-1"]);
        assert.deepEqual(inBash("skep ssh ", nested()), []);
    });

    it("completes commands below commands, and choices by their place", () => {
        assert.deepEqual(inBash("skep registry l", nested()), ["list", "login"]);
        assert.deepEqual(inBash("skep registry login --s", nested()), []);
        assert.deepEqual(inBash("skep cp ", nested()), ["up", "down"]);
        assert.deepEqual(inBash("skep cp down ", nested()), []);
        assert.deepEqual(inBash("skep completion z"), ["zsh"]);
    });

    it("works in zsh as well", function () {
        if (spawnSync("zsh", ["--version"]).status !== 0) {
            console.log("      skipped: there is no zsh");
            return this.skip();
        }
        writeFileSync(script, completionScript("zsh", commandLine(), project));
        const loaded = 'source "$1" && print -r -- $_comps[skep]';
        assert.equal(
            execFileSync("zsh", ["-f", "-c", loaded, "zsh", script], { encoding: "utf8" }),
            "_skep\n",
        );
        assert.deepEqual(inZsh("skep pre"), ["preview"]);
        assert.deepEqual(inZsh("skep preview --st"), ["--stack"]);
        assert.deepEqual(inZsh("skep preview --stack st"), ["staging"]);
    });

    it("comes from the command itself, for the shells that it knows", () => {
        const run = (shell: string) =>
            spawnSync(process.execPath, ["--import", "tsx", "cli/main.ts", "completion", shell], {
                cwd: ROOT,
                encoding: "utf8",
            });
        for (const shell of ["bash", "zsh"] satisfies Shell[])
            assert.equal(run(shell).stdout, `${completionScript(shell, commandLine(), ROOT)}\n`);
        assert.match(run("fish").stderr, /Allowed choices are bash, zsh/);
    });
});

describe("The page of commands", () => {
    const page = readFileSync(join(ROOT, "docs/cli.md"), "utf8");

    it("is what the commands' declarations say: npm run docs writes it", () => {
        assert.equal(page, commandsPage(commandLine()));
    });

    it("has every command, argument and option, each with a sentence", () => {
        for (const node of allNodes(treeOf(commandLine()))) {
            assert.notEqual(node.description, "", node.path);
            if (node.commands.length === 0) assert.ok(page.includes(`### ${node.path}\n`), node.path);
            for (const { flags, description } of node.options) {
                assert.ok(page.includes(`| \`${flags}\` | `), `${node.path} ${flags}`);
                assert.notEqual(description, "", `${node.path} ${flags}`);
            }
            for (const argument of node.arguments) assert.notEqual(argument.description, "", node.path);
        }
    });
});
