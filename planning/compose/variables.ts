// Variables in one text, in all of compose's forms: $NAME, ${NAME}, defaults, errors, alternatives, one inside another.

/** A text with its variables filled in. */
export interface Filled {
    text: string;
    /** Variables that have no value and no default. They are empty. */
    unset: string[];
    /** Why the text cannot be filled in; sentences without a full stop. */
    faults: string[];
}

const NAME = /^[A-Za-z_][A-Za-z0-9_]*/;
/** `:` before an operator: an empty value is as none. */
const OPERATOR = /^:?[-?+]/;

/** Fills in a text. `$$` is a dollar sign. */
export function fillIn(text: string, variables: Readonly<Record<string, string>>): Filled {
    const filling = new Filling(variables);
    return { text: filling.fill(text), unset: filling.unset, faults: filling.faults };
}

class Filling {
    readonly unset: string[] = [];
    readonly faults: string[] = [];

    constructor(private readonly variables: Readonly<Record<string, string>>) {}

    fill(text: string): string {
        let filled = "";
        for (let rest = text; rest !== "";) {
            const dollar = rest.indexOf("$");
            if (dollar < 0) return filled + rest;
            filled += rest.slice(0, dollar);
            const { value, length } = this.at(rest.slice(dollar));
            filled += value;
            rest = rest.slice(dollar + length);
        }
        return filled;
    }

    /** The value of what begins with a dollar sign, and how much of the text that is. */
    private at(text: string): { value: string; length: number } {
        if (text.startsWith("$$")) return { value: "$", length: 2 };
        const name = NAME.exec(text.slice(1))?.[0];
        if (name !== undefined) return { value: this.plain(name), length: 1 + name.length };
        if (!text.startsWith("${")) {
            this.faults.push("a $ stands alone; a dollar sign is written $$");
            return { value: "", length: 1 };
        }
        const end = closing(text);
        if (end === undefined) {
            this.faults.push(`${text} has no closing brace`);
            return { value: "", length: text.length };
        }
        return { value: this.braced(text.slice(2, end), text.slice(0, end + 1)), length: end + 1 };
    }

    private plain(name: string): string {
        const value = this.valueOf(name);
        if (value === undefined && !this.unset.includes(name)) this.unset.push(name);
        return value ?? "";
    }

    private braced(inner: string, whole: string): string {
        const name = NAME.exec(inner)?.[0];
        const rest = inner.slice(name?.length);
        const operator = OPERATOR.exec(rest)?.[0];
        if (name === undefined || (rest !== "" && operator === undefined)) {
            this.faults.push(`${whole} is no variable; a dollar sign is written $$`);
            return "";
        }
        if (operator === undefined) return this.plain(name);
        const argument = rest.slice(operator.length);
        const value = this.valueOf(name);
        const has = value !== undefined && !(operator.startsWith(":") && value === "");
        // Only what is taken is filled in: a default may name variables that are not set where it is not needed.
        if (operator.endsWith("+")) return has ? this.fill(argument) : "";
        if (has) return value;
        if (operator.endsWith("-")) return this.fill(argument);
        const reason = this.fill(argument);
        this.faults.push(`the variable ${name} is needed${reason === "" ? "" : `: ${reason}`}`);
        return "";
    }

    private valueOf(name: string): string | undefined {
        return Object.hasOwn(this.variables, name) ? this.variables[name] : undefined;
    }
}

/** Where the brace closes that a text begins with. Variables inside have braces of their own. */
function closing(text: string): number | undefined {
    let depth = 0;
    for (let index = 0; index < text.length; index++) {
        if (text.startsWith("$$", index)) index++;
        else if (text.startsWith("${", index)) {
            depth++;
            index++;
        } else if (text[index] === "}" && --depth === 0) return index;
    }
    return undefined;
}
