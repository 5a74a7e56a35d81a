// Where a stack's files are: the user's own files in the project folder, generated ones in its ignored folder .skep.

import { resolve } from "node:path";

export const PROJECT = resolve(__dirname, "..");
const IGNORED = resolve(PROJECT, ".skep");

/** The user's settings file, kept in git. */
export function settingsFile(stack: string): string {
    return resolve(PROJECT, `Pulumi.${stack}.yaml`);
}

/** The file that caches a stack's facts, and holds what is prepared for plain pulumi. */
export function stackFile(stack: string): string {
    return resolve(IGNORED, "stacks", `${stack}.yaml`);
}

/** Where Pulumi.yaml looks for the provider "swarm": a link into the cache. */
export const SWARM_PLUGIN = resolve(IGNORED, "plugins/swarm");

/** The file with what the commands that change a stack last said. */
export function outputFile(stack: string): string {
    return resolve(IGNORED, "logs", `${stack}.log`);
}

/** The folder of files that clients need: certificates, an SSH key. */
export function clientFolder(stack: string): string {
    return resolve(IGNORED, "clients", stack);
}

/** Pulumi's work folder for a stack. What Pulumi writes there stays out of git and apart from other stacks. */
export function workFolder(stack: string): string {
    return resolve(IGNORED, "work", stack);
}

/**
 * The folder in which Pulumi keeps each stack's salt, for `npm run up` and the plain `pulumi` command alike. Pulumi.yaml
 * names it too.
 */
export const PULUMI_CONFIG_FOLDER = resolve(IGNORED, "config");

/** Pulumi's own file of a stack: its salt, and what `pulumi config set` writes. */
export function pulumiConfigFile(stack: string): string {
    return resolve(PULUMI_CONFIG_FOLDER, `Pulumi.${stack}.yaml`);
}

export const STATE_FOLDER = resolve(IGNORED, "state");
export const PASSPHRASE_FILE = resolve(IGNORED, "passphrase");
/** The file with the key that opens this project's backups, as age-keygen writes one. */
export const BACKUP_KEY_FILE = resolve(IGNORED, "backup-key");
/** Where backups are kept if the settings name no other place. */
export const BACKUP_FOLDER = resolve(PROJECT, "backups");
/** The file with the id of this copy of the project. */
export const PROJECT_FILE = resolve(IGNORED, "project");
