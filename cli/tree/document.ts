// Renders docs/cli.md from the command line's own declarations. `npm run docs` writes the file.

import type { Argument, Command, Option } from "commander";
import { allNodes, type Node, treeOf } from "./tree";

const HEAD = `# Commands

\`bin/skep COMMAND\` runs a command; so does \`npm run skep -- COMMAND\`. [scripting.md](scripting.md) has exit codes and what \`--json\` prints. \`skep COMMAND --help\` prints what is here.

This page is made from the commands' declarations in \`cli/declare/\`: change it there, then run \`npm run docs\`.
`;

/** The whole page. */
export function commandsPage(program: Command): string {
    const commands = allNodes(treeOf(program)).filter(
        ({ path, commands: below }) => path !== "" && below.length === 0,
    );
    const common = commands[0]?.options.filter(
        (option) => commands.filter(({ options }) => has(options, option)).length > commands.length / 2,
    );
    const groups = [...new Set(commands.map(({ group }) => group))];
    return [
        HEAD,
        ...groups.map((group) => {
            const sections = commands.filter((node) => node.group === group);
            return [
                `## ${group.replace(/:$/, "")}\n`,
                ...sections.map((node) => section(node, common ?? [])),
            ].join("\n");
        }),
        `## Options of most commands\n\nA command that takes one of these says so in its list of options.\n\n${optionRows(common ?? [])}`,
    ].join("\n");
}

function section({ path, description, arguments: args, options }: Node, common: readonly Option[]): string {
    const own = options.filter((option) => !has(common, option));
    const shared = options.filter((option) => has(common, option)).map(({ long }) => `\`${long}\``);
    const usage = ["skep", path, ...args.map(shown), ...(options.length > 0 ? ["[options]"] : [])].join(" ");
    const described = args.filter((argument) => argument.description !== "");
    return [
        `### ${path}\n`,
        `\`${usage}\`\n`,
        `${sentence(description)}\n`,
        ...(described.length > 0
            ? [
                  table(
                      "argument",
                      described.map((argument) => [shown(argument), argument.description]),
                  ),
              ]
            : []),
        ...(own.length > 0 ? [optionRows(own)] : []),
        ...(shared.length > 0 ? [`Also: ${shared.join(", ")}.\n`] : []),
    ].join("\n");
}

function has(options: readonly Option[], { flags, description }: Option): boolean {
    return options.some((option) => option.flags === flags && option.description === description);
}

function shown(argument: Argument): string {
    const name = `${argument.name()}${argument.variadic ? "..." : ""}`;
    return argument.required ? `<${name}>` : `[${name}]`;
}

function optionRows(options: readonly Option[]): string {
    return table(
        "option",
        options.map(({ flags, description, defaultValue }) => [
            flags,
            typeof defaultValue === "string" || typeof defaultValue === "number"
                ? `${description} (default: \`${defaultValue}\`)`
                : description,
        ]),
    );
}

function table(head: string, rows: readonly (readonly [string, string])[]): string {
    const lines = rows.map(([name, text]) => `| \`${name}\` | ${text.replaceAll("|", "\\|")} |`);
    return `| ${head} | meaning |\n|---|---|\n${lines.join("\n")}\n`;
}

function sentence(text: string): string {
    return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}
