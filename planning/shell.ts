// Joins a script of scripts/host/ and its inputs into one text for the standard input of `sudo sh`. So nothing of it
// appears in an argument list or on the host's disk, and an error quotes only "sudo sh".

/** Quotes a value for a POSIX shell. */
export function shellQuote(value: string): string {
    return `'${value.replaceAll("'", `'\\''`)}'`;
}

/**
 * Renders the text. The braces make the shell read the whole script before it runs any of it, so a command that reads
 * standard input cannot swallow the rest. Throws when the name of an input is not a shell name.
 */
export function renderHostScript(script: string, inputs: Readonly<Record<string, string>>): string {
    const exports = Object.entries(inputs).map(([name, value]) => {
        if (!/^[A-Za-z][A-Za-z0-9_]*$/.test(name)) throw new Error(`${name} is no name for a script's input`);
        return `export ${name}=${shellQuote(value)}`;
    });
    return [...exports, "{", script.replace(/^#!.*\n/, "").trimEnd(), "} </dev/null", ""].join("\n");
}
