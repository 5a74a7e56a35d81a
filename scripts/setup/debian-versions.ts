// The order of Debian package versions (Debian Policy, 5.6.12). The package semver does not know it: epochs, tildes before
// everything else, letters before other characters. Pure.

/** Negative when `a` is older than `b`, positive when newer, 0 when they are equal. */
export function compareDebianVersions(a: string, b: string): number {
    const [left, right] = [parse(a), parse(b)];
    return (
        left.epoch - right.epoch ||
        compareParts(left.upstream, right.upstream) ||
        compareParts(left.revision, right.revision)
    );
}

interface Version {
    epoch: number;
    upstream: string;
    revision: string;
}

function parse(text: string): Version {
    const colon = text.indexOf(":");
    const rest = text.slice(colon + 1);
    const dash = rest.lastIndexOf("-");
    return {
        epoch: colon < 0 ? 0 : Number(text.slice(0, colon)),
        upstream: dash < 0 ? rest : rest.slice(0, dash),
        revision: dash < 0 ? "" : rest.slice(dash + 1),
    };
}

/** Compares a run of other characters, then a number, and so on. */
function compareParts(a: string, b: string): number {
    let [left, right] = [a, b];
    while (left !== "" || right !== "") {
        const [leftText = "", rightText = ""] = [/^\D*/.exec(left)?.[0], /^\D*/.exec(right)?.[0]];
        const byText = compareTexts(leftText, rightText);
        if (byText !== 0) return byText;
        left = left.slice(leftText.length);
        right = right.slice(rightText.length);

        const [leftNumber = "", rightNumber = ""] = [/^\d*/.exec(left)?.[0], /^\d*/.exec(right)?.[0]];
        const byNumber = BigInt(leftNumber) - BigInt(rightNumber);
        if (byNumber !== 0n) return byNumber < 0n ? -1 : 1;
        left = left.slice(leftNumber.length);
        right = right.slice(rightNumber.length);
    }
    return 0;
}

function compareTexts(a: string, b: string): number {
    for (let index = 0; index < Math.max(a.length, b.length); index++) {
        const difference = weight(a[index]) - weight(b[index]);
        if (difference !== 0) return difference;
    }
    return 0;
}

/** A tilde is before the end, the end before letters, letters before other characters. */
function weight(character: string | undefined): number {
    if (character === "~") return -1;
    if (character === undefined) return 0;
    const code = character.charCodeAt(0);
    return /[A-Za-z]/.test(character) ? code : code + 256;
}
