// Wraps a script from scripts/host/ and its inputs into one text for `sudo sh` on standard input: nothing of it
// stands in an argument list or on the host's disk, and an error quotes only "sudo sh".

/** Quotes a value for a POSIX shell. */
export function shellQuote(value: string): string {
    return `'${value.replaceAll("'", `'\\''`)}'`;
}

/**
 * The braces make the shell read the whole script before it runs any of it, so that a command in it that
 * reads standard input cannot swallow the rest.
 */
export function renderHostScript(script: string, inputs: Readonly<Record<string, string>>): string {
    const exports = Object.entries(inputs).map(([name, value]) => {
        if (!/^[A-Za-z][A-Za-z0-9_]*$/.test(name)) throw new Error(`${name} is no name for a script's input`);
        return `export ${name}=${shellQuote(value)}`;
    });
    return [...exports, "{", script.replace(/^#!.*\n/, "").trimEnd(), "} </dev/null", ""].join("\n");
}
