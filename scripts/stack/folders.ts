// Where a stack's files are: the user's own in the project folder, generated ones in its ignored folder .skep.

import { resolve } from "node:path";

export const PROJECT = resolve(__dirname, "../..");
const IGNORED = resolve(PROJECT, ".skep");

/** The user's settings, in git. */
export function settingsFile(stack: string): string {
    return resolve(PROJECT, `Pulumi.${stack}.yaml`);
}

/** What Skep chose for the stack: subnet, ports, packages, kind of plugins. */
export function generatedFile(stack: string): string {
    return resolve(IGNORED, "stacks", `${stack}.yaml`);
}

/** Files that clients need: certificates, an SSH key. */
export function clientFolder(stack: string): string {
    return resolve(IGNORED, "clients", stack);
}

/** The engine's work folder: what it writes there stays out of git. */
export const WORK_FOLDER = resolve(IGNORED, "work");
export const STATE_FOLDER = resolve(IGNORED, "state");
export const PASSPHRASE_FILE = resolve(IGNORED, "passphrase");
