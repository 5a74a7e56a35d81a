// Text that commands print: columns, and the command to type next.

import type { Options } from "./options";

/** Lines with the cells of each row below those of the row before. A missing cell is empty. */
export function table(rows: readonly (readonly string[])[]): string {
    const widths = (rows[0] ?? []).map((_, column) =>
        Math.max(...rows.map((row) => (row[column] ?? "").length)),
    );
    return rows
        .map((row) =>
            row
                .map((cell, column) => cell.padEnd(widths[column] ?? 0))
                .join("  ")
                .trimEnd(),
        )
        .join("\n");
}

/** Prints what to type next, for a person who reads: not with `--quiet` or `--json`. */
export function printNext({ stack, quiet, json }: Options, command: string): void {
    if (quiet || json) return;
    console.log(`\nNext: npm run skep -- ${command}${stack === "dev" ? "" : ` --stack ${stack}`}`);
}
