// Text for a terminal of any width: lines of at most 80 columns.

const COLUMNS = 80;

/** The text in lines of at most 80 columns, after `head` and below its end. A longer word has a line of its own. */
export function wrapped(head: string, text: string): string[] {
    const room = COLUMNS - head.length;
    const lines: string[] = [];
    for (const word of text.split(" ")) {
        const last = lines.at(-1);
        if (last !== undefined && last.length + 1 + word.length <= room)
            lines[lines.length - 1] = `${last} ${word}`;
        else lines.push(word);
    }
    return lines.map((line, i) => `${i === 0 ? head : " ".repeat(head.length)}${line}`);
}
