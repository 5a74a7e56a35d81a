// Versions of the engine's packages: what they are without Debian's parts, and how they compare. No I/O.

/** The upstream part of a Debian version: "26.1.5" of "5:26.1.5-1~debian.12~bookworm". */
export function upstream(version: string): string {
    return version.replace(/^\d+:/, "").replace(/[-+~].*$/, "");
}

/** Whether a package's version belongs to the wanted series ("26.1", "28") or is the wanted version ("26.1.5"). */
export function isOf(version: string, asked: string): boolean {
    const found = upstream(version);
    return found === asked || found.startsWith(`${asked}.`);
}

/** Whether one version is older than the other. What a version leaves out counts as 0. */
export function isOlder(one: string, other: string): boolean {
    return newestFirst(one, other) > 0;
}

/** Orders versions: the newest first. */
export function newestFirst(one: string, other: string): number {
    const [left, right] = [partsOf(one), partsOf(other)];
    const at = left.findIndex((part, i) => part !== right[i]);
    return at < 0 ? 0 : right[at]! - left[at]!;
}

function partsOf(version: string): number[] {
    const [major = 0, minor = 0, patch = 0] = upstream(version).split(".").map(Number);
    return [major, minor, patch];
}
