// Makes the completion scripts of bash and zsh from the command line's own declarations. A script works without a start of
// Skep: names of stacks and hosts come from their files, so an answer takes milliseconds.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Argument, Command, Option } from "commander";
import { shellQuote } from "../../planning/shell";
import { allNodes, type Node, takesValue, treeOf } from "./tree";

/** The shells that have a script. */
export const SHELLS = ["bash", "zsh"] as const;
export type Shell = (typeof SHELLS)[number];

/** The completion script of a shell for the commands of the project in this folder. */
export function completionScript(shell: Shell, program: Command, project: string): string {
    return [
        `# Completion of skep's commands in ${shell}: eval "$(skep completion ${shell})"`,
        words(treeOf(program)),
        places(project),
        part("common.sh"),
        part(shell === "bash" ? "bash.sh" : "zsh.zsh"),
    ].join("\n\n");
}

/** What does not depend on the commands: a file of shell/. */
function part(file: string): string {
    const text = readFileSync(join(__dirname, "shell", file), "utf8");
    return text.replace(/^ *# shellcheck .*\n/gm, "").trimEnd();
}

/** Functions that know every command: what may follow it, and what the value of an option is. */
function words(tree: Node): string {
    const nodes = allNodes(tree);
    const below = nodes.map((node) => arm(node.path, node.commands.map(nameOf)));
    const options = nodes.map((node) => arm(node.path, [...node.options.flatMap(flagsOf), "--help"]));
    const values = nodes.flatMap((node) =>
        node.options.filter(takesValue).map((option) => {
            const patterns = flagsOf(option).map((flag) => shellQuote(`${node.path} ${flag}`));
            return `        ${patterns.join(" | ")}) echo ${valueOf(option)} ;;`;
        }),
    );
    const args = nodes.flatMap((node) =>
        node.arguments.map((argument, i) => {
            const place = shellQuote(`${node.path} ${i + 1}`);
            const pattern = argument.variadic ? `${shellQuote(`${node.path} `)}*` : place;
            return `        ${pattern}) echo ${valueOf(argument)} ;;`;
        }),
    );
    return [
        fn("_skep_commands", "The commands below a command.", below),
        fn("_skep_options", "The options of a command.", options),
        fn("_skep_value", "What follows an option of a command; fails if nothing does.", values, "return 1"),
        fn("_skep_argument", "What an argument of a command is, by its place.", args),
    ].join("\n\n");
}

function fn(name: string, comment: string, arms: readonly string[], otherwise?: string): string {
    const last = otherwise ? [`        *) ${otherwise} ;;`] : [];
    return [`# ${comment}`, `${name}() {`, '    case "$1" in', ...arms, ...last, "    esac", "}"].join("\n");
}

function arm(path: string, found: readonly string[]): string {
    return `        ${shellQuote(path)}) echo ${found.map(shellQuote).join(" ")} ;;`;
}

function nameOf({ path }: Node): string {
    return path.split(" ").at(-1) ?? "";
}

function flagsOf({ short, long }: Option): string[] {
    return [long, short].filter((flag) => flag !== undefined && flag !== null);
}

/** What completes a value: its choices, or `@` and the kind of names that it takes. */
function valueOf(given: Option | Argument): string {
    if (given.argChoices) return given.argChoices.map(shellQuote).join(" ");
    const name = given.name().toLowerCase();
    const described = "flags" in given ? given.flags.toLowerCase() : name;
    if (name === "stack" || name === "lose-swarm") return "@stacks";
    if (/\bhost|\bnode\b/.test(described)) return "@hosts";
    return /<(file|path|folder)>/.test(described) || /^(from|to|file|path)$/.test(name) ? "@files" : "@none";
}

/** Where names of stacks and hosts are. */
function places(project: string): string {
    return `# The names of a kind; the second argument is the stack.
_skep_names() {
    case "$1" in
        @stacks) ls ${shellQuote(project)} 2>/dev/null | sed -n 's/^Pulumi\\.\\(.*\\)\\.yaml$/\\1/p' ;;
        @hosts) sed -n 's/^Host //p' ${shellQuote(`${project}/.skep/clients/`)}"$2/ssh-config" 2>/dev/null ;;
        @files | @none) ;;
        *) printf '%s\\n' "$@" | sed '$d' ;;
    esac
}`;
}
