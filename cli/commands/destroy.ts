// `npm run destroy`: removes the stack without residue, even if its hosts are dead or already gone.

import { rm } from "node:fs/promises";
import { setup } from "../../scripts/setup/setup";
import { labEngine } from "../../lab/engine";
import { operate, type Outcome, settle } from "../pulumi/operate";
import { clientFolder } from "../../config/folders";
import { refuseForeignHosts } from "../../lab/project";
import { removeLabObjects } from "../../lab/residue";
import { madeWith } from "../stack/facts";
import { forgetStackFile } from "../stack/file";
import { hostsOf } from "../stack/settings";
import { findStack, forgetStack, withProviders } from "../pulumi/workspace";
import { confirmed } from "../confirm";
import { type Options, progressFor, refuseOtherName } from "../options";
import { factsOfStack } from "../prepare";
import { refuseProtected, unprotect } from "../stack/protection";
import { doneSummary, printJson, suffix } from "../print";

export interface DestroyOptions extends Options {
    /**
     * Also removes this stack's lab objects that any other copy of the project made, and forgets those on an engine that
     * is gone. Default: false.
     */
    orphaned?: boolean;
}

/** Removes every trace of the stack. With `orphaned`, also removes lab hosts that a lost copy of the project made. */
export async function destroy(options: DestroyOptions): Promise<void> {
    const progress = progressFor(options);
    const found = await factsOfStack(options.stack, progress);
    refuseOtherName(options);
    if (options.loseSwarm === undefined) await refuseProtected(options.stack, found);
    const isLab = (await hostsOf(options.stack, found, options.orphaned)) === "lab";
    if (!(await confirmed(`Destroy the stack "${options.stack}" with all of its data?`, options))) return;
    const tools = await setup({
        progress,
        needs: isLab ? "docker" : "pulumi",
        made: madeWith(found.facts),
    });
    if (isLab && !options.orphaned)
        await labEngine(options.stack, { engine: found.facts.engine, wasUp: false });
    const began = Date.now();
    let changes = {};
    let steps: Outcome["steps"] = [];
    const stack = await findStack(options.stack, tools);
    if (stack) {
        if (found.isProtected) await unprotect(stack);
        const attached = await withProviders(tools, stack);
        if (found.hasPending) await settle(attached, progress);
        ({ changes, steps } = await progress.step(`Destroying ${options.stack}`, (update) =>
            operate(attached, "destroy", progress, {
                update,
                verbose: options.verbose,
                sizes: () => found.sizes,
            }),
        ));
        await stack.workspace.removeStack(options.stack);
    }
    if (isLab && !stack && !options.orphaned) await refuseForeignHosts(options.stack);
    const removed = isLab ? await removeLabObjects(options.stack, options.orphaned ? "any" : "own") : [];
    for (const object of removed) progress.note(`Removed ${object}, which the state did not know`);
    await rm(clientFolder(options.stack), { recursive: true, force: true });
    await forgetStackFile(options.stack);
    await forgetStack(options.stack);
    if (options.json) return printJson({ changes, removed });
    const seconds = Math.round((Date.now() - began) / 1000);
    if (steps.length > 0) console.log(doneSummary({ steps, changes }, seconds));
    console.log(`Nothing of ${options.stack} is left.`);
    if (!options.quiet) console.log(`\nNext: npm run up${suffix(options)}`);
}
