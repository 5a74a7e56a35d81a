// The project's shell scripts that run on hosts, read from their files. In a bundled provider, another module replaces
// this one and carries the scripts (providers/bundle/build.ts).
import { readFileSync } from "node:fs";
import { resolve } from "node:path";

/** The name of a host script, without `.sh`. */
export type ScriptName =
    | "bare"
    | "check"
    | "cis"
    | "collect"
    | "daemon"
    | "data-root"
    | "deploy"
    | "engine"
    | "enter"
    | "files"
    | "hostkey"
    | "hosts"
    | "lock"
    | "login"
    | "look"
    | "net"
    | "probe"
    | "prune"
    | "raft"
    | "reboot"
    | "reserve"
    | "restart"
    | "save"
    | "support";

/** The text of scripts/host/NAME.sh. */
export function scriptFile(name: ScriptName): string {
    return readFileSync(resolve(__dirname, "../scripts/host", `${name}.sh`), "utf8");
}
