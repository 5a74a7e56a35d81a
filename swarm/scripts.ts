// Shell scripts of the project that run on hosts. Read from their files here; in a bundled provider this module is
// replaced by one that carries them (providers/bundle/build.ts).
import { readFileSync } from "node:fs";
import { resolve } from "node:path";

export type ScriptName = "deploy" | "engine" | "files" | "hostkey" | "hosts" | "lock" | "restart";

/** The text of scripts/host/NAME.sh. What it reads and does stands in its first lines. */
export function hostScript(name: ScriptName): string {
    return readFileSync(resolve(__dirname, "../scripts/host", `${name}.sh`), "utf8");
}
