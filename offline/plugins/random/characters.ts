// Random texts from chosen sets of characters, with a least number from each set.
import { randomInt } from "node:crypto";
import type { CheckFailure, Props } from "../../../providers/runtime/types";

const LOWER = "abcdefghijklmnopqrstuvwxyz";
const NUMERIC = "0123456789";
const SPECIAL = "!@#$%&*()-_=+[]{}<>:?";

export const CHARACTER_DEFAULTS = {
    lower: true,
    minLower: 0,
    minNumeric: 0,
    minSpecial: 0,
    minUpper: 0,
    number: true,
    numeric: true,
    special: true,
    upper: true,
};

/** One set of characters: whether it takes part, and how many of it there must be. */
interface CharacterSet {
    characters: string;
    wanted: boolean;
    least: number;
}

function characterSets(inputs: Props): CharacterSet[] {
    // `number` is the old name of `numeric`; whichever says no wins.
    const numeric = inputs.numeric !== false && inputs.number !== false;
    return [
        { characters: inputs.overrideSpecial || SPECIAL, wanted: inputs.special, least: inputs.minSpecial },
        { characters: LOWER, wanted: inputs.lower, least: inputs.minLower },
        { characters: LOWER.toUpperCase(), wanted: inputs.upper, least: inputs.minUpper },
        { characters: NUMERIC, wanted: numeric, least: inputs.minNumeric },
    ];
}

/** What the official provider would refuse: a length below the least counts, no characters to choose from. */
export function checkCharacters(inputs: Props): CheckFailure[] {
    const failures: CheckFailure[] = [];
    const sets = characterSets(inputs);
    const least = sets.reduce((sum, set) => sum + (typeof set.least === "number" ? set.least : 0), 0);
    if (typeof inputs.length === "number" && inputs.length < Math.max(1, least)) {
        failures.push({ property: "length", reason: `length must be at least ${Math.max(1, least)}` });
    }
    if (sets.every(({ wanted }) => wanted === false)) {
        failures.push({ property: "lower", reason: "at least one set of characters must be allowed" });
    }
    return failures;
}

/** As many as `length` says, with at least as many of each set as is asked, from the system's random source. */
export function randomCharacters(inputs: Props): string {
    const sets = characterSets(inputs);
    const allowed = sets.filter(({ wanted }) => wanted).map(({ characters }) => characters);
    const demanded = sets.flatMap(({ characters, least }) => pick(characters, least));
    const rest = pick(allowed.join(""), inputs.length - demanded.length);
    return shuffled([...demanded, ...rest]).join("");
}

function pick(characters: string, count: number): string[] {
    return Array.from({ length: count }, () => characters.charAt(randomInt(characters.length)));
}

function shuffled(items: string[]): string[] {
    const result = [...items];
    for (let last = result.length - 1; last > 0; last -= 1) {
        const other = randomInt(last + 1);
        [result[last], result[other]] = [result[other] as string, result[last] as string];
    }
    return result;
}
