// `.skep/stacks/NAME.yaml`: the one file that Skep writes for a stack beside its state. It caches the stack's facts, and
// holds what the last command prepared for the plain `pulumi` command.

import { existsSync } from "node:fs";
import { rm } from "node:fs/promises";
import { isDeepStrictEqual } from "node:util";
import { stringify } from "yaml";
import type { Facts } from "../../config/facts";
import { ownSettings, PREFIX, readDocument } from "../../config/file";
import { stackFile } from "../../config/folders";
import { forgetReservation } from "../../lab/reservations";
import { writeWhole } from "../../scripts/setup/cache";
import type { Tools } from "../../scripts/setup/tools";

/** What plain pulumi needs on this machine, as set-up found it. */
export type Prepared = Required<Pick<Tools, "images" | "repository" | "plugins" | "swarmPlugin">>;

interface Content {
    facts: Facts;
    prepared?: Prepared;
}

/** The file of one stack. It is read once, and written when something in it changes. */
export class StackFile {
    private constructor(
        private readonly stack: string,
        private content: Content,
    ) {}

    /** Reads the file. Throws CONFIG_FILE if it cannot be read. */
    static async read(stack: string): Promise<StackFile> {
        const { config, prepared } = await readDocument(stackFile(stack));
        return new StackFile(stack, {
            facts: ownSettings(config),
            prepared: prepared as Prepared | undefined,
        });
    }

    /** The facts when the file was written; empty if there is no file. */
    get facts(): Facts {
        return this.content.facts;
    }

    /** What set-up found last; undefined if no command has prepared the stack in this copy of the project. */
    get prepared(): Prepared | undefined {
        return this.content.prepared;
    }

    /** Writes these changes, and leaves the rest as it is. */
    async keep(change: Partial<Content>): Promise<void> {
        const content = { ...this.content, ...change };
        if (existsSync(stackFile(this.stack)) && isDeepStrictEqual(content, this.content)) return;
        this.content = content;
        const { facts, prepared } = content;
        const config = Object.fromEntries(Object.entries(facts).map(([key, value]) => [PREFIX + key, value]));
        await writeWhole(stackFile(this.stack), stringify({ config, ...(prepared && { prepared }) }));
    }
}

/** Removes the file and frees what it reserved on this machine, once the stack is gone. */
export async function forgetStackFile(stack: string): Promise<void> {
    await rm(stackFile(stack), { force: true });
    await forgetReservation(stackFile(stack));
}
