// Finds the exact packages of a repository for a series ("26.1") or a version ("26.1.5").

import type { Problem } from "../errors";

/** The upstream part of a Debian version: "26.1.5" of "5:26.1.5-1~debian.12~bookworm". */
export function upstream(version: string): string {
    return version.replace(/^\d+:/, "").replace(/[-+~].*$/, "");
}

/** Whether a package's version belongs to the wanted series ("26.1") or is the wanted version ("26.1.5"). */
export function isOf(version: string, asked: string): boolean {
    const found = upstream(version);
    return found === asked || found.startsWith(`${asked}.`);
}

export interface Available {
    "docker-ce": readonly string[];
    "docker-ce-cli": readonly string[];
    "containerd.io": readonly string[];
}

export interface Choice {
    docker: string;
    containerd: string;
}

/**
 * Chooses the newest packages of the wanted series or versions. `available` lists the newest first. A version of the engine
 * counts only when the repository has its command line too.
 */
export function choosePackages(
    available: Available,
    docker: string,
    containerd: string,
): { choice?: Choice; problems: Problem[] } {
    const engines = available["docker-ce"].filter((version) => available["docker-ce-cli"].includes(version));
    const engine = engines.find((version) => isOf(version, docker));
    const runtime = available["containerd.io"].find((version) => isOf(version, containerd));
    if (engine !== undefined && runtime !== undefined)
        return { choice: { docker: engine, containerd: runtime }, problems: [] };
    const unknown = (key: string, asked: string, versions: readonly string[]): Problem => ({
        id: "VERSION_UNKNOWN",
        problem: `The repository has no ${key === "dockerVersion" ? "docker-ce" : "containerd.io"} ${asked}.`,
        advice: `Set skep:${key} to one of these or their series: ${[...new Set(versions.map(upstream))].join(", ")}.`,
    });
    return {
        problems: [
            ...(engine === undefined ? [unknown("dockerVersion", docker, engines)] : []),
            ...(runtime === undefined
                ? [unknown("containerdVersion", containerd, available["containerd.io"])]
                : []),
        ],
    };
}
