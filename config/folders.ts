// Where a stack's files are: the user's own in the project folder, generated ones in its ignored folder .skep.

import { resolve } from "node:path";

export const PROJECT = resolve(__dirname, "..");
const IGNORED = resolve(PROJECT, ".skep");

/** The user's settings, in git. */
export function settingsFile(stack: string): string {
    return resolve(PROJECT, `Pulumi.${stack}.yaml`);
}

/** The cache of a stack's facts, with what plain pulumi finds prepared. */
export function stackFile(stack: string): string {
    return resolve(IGNORED, "stacks", `${stack}.yaml`);
}

/** Where Pulumi.yaml says that the provider "swarm" is: a link into the cache. */
export const SWARM_PLUGIN = resolve(IGNORED, "plugins/swarm");

/** Files that clients need: certificates, an SSH key. */
export function clientFolder(stack: string): string {
    return resolve(IGNORED, "clients", stack);
}

/** The engine's work folder for a stack: what it writes there stays out of git, and out of another stack's way. */
export function workFolder(stack: string): string {
    return resolve(IGNORED, "work", stack);
}

/** Where the engine keeps a stack's salt, for both ways of running the program; Pulumi.yaml names it too. */
export const ENGINE_CONFIG_FOLDER = resolve(IGNORED, "config");

/** The engine's own file of a stack: its salt, and what `pulumi config set` puts there. */
export function engineConfigFile(stack: string): string {
    return resolve(ENGINE_CONFIG_FOLDER, `Pulumi.${stack}.yaml`);
}

export const STATE_FOLDER = resolve(IGNORED, "state");
export const PASSPHRASE_FILE = resolve(IGNORED, "passphrase");
/** The id of this copy of the project. */
export const PROJECT_FILE = resolve(IGNORED, "project");
