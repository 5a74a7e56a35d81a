// Text that fits into a terminal: columns, and lines of at most 80 of them.

const WIDTH = 80;

/** A line for each row, with the cells of a column below each other. A missing cell is empty. */
export function table(rows: readonly (readonly string[])[]): string[] {
    const widths = (rows[0] ?? []).map((_, i) => Math.max(...rows.map((row) => row[i]?.length ?? 0)));
    return rows.map((row) =>
        row
            .map((cell, i) => cell.padEnd(widths[i] ?? 0))
            .join("  ")
            .trimEnd(),
    );
}

/** The lines of a table with these heads, each cut off with … if it is too long; none without rows. */
export function tableLines(heads: readonly string[], rows: readonly (readonly string[])[]): string[] {
    return rows.length === 0 ? [] : table([heads, ...rows]).map((line) => cut(line));
}

/** The text, cut off with … if it is longer than the width. A terminal that does not know its width says 0: 80 then. */
export function cut(text: string, columns = WIDTH): string {
    const width = columns || WIDTH;
    return text.length <= width ? text : `${text.slice(0, width - 1)}…`;
}

/** The text in lines: the first one after `head`, each of them after `indent` columns. A word is never cut. */
export function wrapped(text: string, indent: number, head = ""): string[] {
    const lines: string[] = [];
    let line = head.padEnd(indent);
    for (const word of text.split(" ")) {
        const isFirst = line.length <= indent;
        if (!isFirst && line.length + 1 + word.length > WIDTH) {
            lines.push(line);
            line = " ".repeat(indent) + word;
        } else line += isFirst ? word : ` ${word}`;
    }
    return [...lines, line];
}

/** Texts below each other, each after its head: `  Lost    what changed ...`. */
export function headed(rows: readonly (readonly [head: string, text: string])[]): string[] {
    const indent = Math.max(...rows.map(([head]) => head.length)) + 4;
    return rows.flatMap(([head, text]) => wrapped(text, indent, `  ${head}`));
}
