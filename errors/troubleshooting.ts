// Renders docs/troubleshooting.md from the catalog. `npm run docs` writes the file.
import { GROUPS } from "./catalog";
import type { Group } from "./problem-group";

const HEAD = `# Troubleshooting

Every problem that Skep reports has an id, one sentence of what is wrong here, and one of what to do. This page has what is always true of an id. Look for the id that you see. [scripting.md](scripting.md) explains exit codes.

This page is made from \`errors/catalog.ts\`: change it there, then run \`npm run docs\`.
`;

/** The whole page. */
export function troubleshooting(): string {
    return [HEAD, ...GROUPS.map(section)].join("\n");
}

function section({ title, entries }: Group): string {
    const rows = Object.entries(entries).map(
        ([id, { meaning, advice }]) => `| \`${id}\` | ${meaning} | ${advice} |`,
    );
    return `## ${title}\n\n| id | what is wrong | what to do |\n|---|---|---|\n${rows.join("\n")}\n`;
}
