// `skep completion`: prints a script with which a shell completes Skep's commands, options and names.

import type { Command } from "commander";
import { PROJECT } from "../../config/folders";
import { completionScript, type Shell } from "../tree/completion";

/** Prints the script for this shell. */
export function completion(shell: Shell, program: Command): void {
    console.log(completionScript(shell, program, PROJECT));
}
