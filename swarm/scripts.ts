// Scripts that run on hosts, and what they print.
import { scriptFile, type ScriptName } from "./script-files";

/** The text of scripts/host/NAME.sh, after those that it needs. A script's first lines say what it reads and does. */
export function hostScript(...names: ScriptName[]): string {
    return names.map(scriptFile).join("\n");
}

/** A text that a script prints in base 64. */
export function unpacked(base64: string): string {
    return Buffer.from(base64, "base64").toString("utf8");
}
