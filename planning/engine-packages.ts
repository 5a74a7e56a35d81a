// What a host has of its engine's packages, said so that a preview can show it, and what bringing them to what is asked
// disturbs. Pure.

import { upstream } from "./versions";

/** Packages of an engine, whose exact versions a host is given. */
export const ENGINE_PACKAGES = ["docker-ce", "docker-ce-cli", "containerd.io"] as const;
export type EnginePackage = (typeof ENGINE_PACKAGES)[number];

/** By package: a version; or, of what was found on a host, a version and what is wrong with it. */
export type EngineVersions = Record<EnginePackage, string>;

/** What a host says of its engine. */
export interface FoundEngine {
    /** Packages that are installed. */
    installed: Partial<Record<EnginePackage, { version: string; held: boolean }>>;
    /** The version of the engine that runs, as it says it; nothing where none answers. */
    running: string | undefined;
}

/** What the host has, for the preview: equal to what is asked exactly when there is nothing to do. */
export function describeEngine({ installed, running }: FoundEngine): EngineVersions {
    const describe = (name: EnginePackage): string => {
        const found = installed[name];
        if (!found) return "not installed";
        const wrong = [...(found.held ? [] : ["not held"])];
        if (name === "docker-ce" && running === undefined) wrong.push("not running");
        if (name === "docker-ce" && running !== undefined && upstream(running) !== upstream(found.version))
            wrong.push(`${running} is running`);
        return wrong.length === 0 ? found.version : `${found.version} (${wrong.join(", ")})`;
    };
    return Object.fromEntries(ENGINE_PACKAGES.map((name) => [name, describe(name)])) as EngineVersions;
}

/**
 * Whether the engine ends, and with it the host's tasks for a while, when it is brought to what is asked; the command line
 * and holds are changed beside it.
 */
export function needsRestart({ installed, running }: FoundEngine, asked: EngineVersions): boolean {
    if (running === undefined || upstream(running) !== upstream(asked["docker-ce"])) return true;
    return (["docker-ce", "containerd.io"] as const).some((name) => installed[name]?.version !== asked[name]);
}

/** The output of dpkg-query in the format below; packages that are not installed are not in it. */
export function parseInstalled(text: string): FoundEngine["installed"] {
    const installed: FoundEngine["installed"] = {};
    for (const line of text.split("\n")) {
        const [name, version = "", want, status] = line.split(" ");
        const known = ENGINE_PACKAGES.find((each) => each === name);
        if (known && status === "installed") installed[known] = { version, held: want === "hold" };
    }
    return installed;
}

/** Reads no more than dpkg's own list, and needs no rights: it is asked of every host before every command. */
export const LIST_PACKAGES = `dpkg-query -W -f '\${Package} \${Version} \${db:Status-Want} \${db:Status-Status}\\n' ${ENGINE_PACKAGES.join(" ")} 2>/dev/null`;
