// `npm run destroy`: the stack without residue, also when its hosts are dead or gone already.

import { rm } from "node:fs/promises";
import { createProgress } from "../../scripts/setup/progress";
import { setup } from "../../scripts/setup/setup";
import { labEngine } from "../../lab/engine";
import { operate } from "../pulumi/operate";
import { clientFolder } from "../../config/folders";
import { projectId, refuseForeignHosts } from "../../lab/project";
import { removeLabObjects } from "../../lab/residue";
import { forgetGenerated, type Generated, hostsOf, readGenerated } from "../stack/settings";
import { findStack, forgetStack, withProviders } from "../pulumi/workspace";
import { confirmed, type Options } from "../prepare";
import { printJson, suffix } from "../print";

export interface DestroyOptions extends Options {
    /** Lab objects of this stack go whichever copy of the project made them; those on an engine that is gone are forgotten. */
    orphaned?: boolean;
}

/** Removes every trace of the stack; with `orphaned` also lab hosts that a lost copy of the project made. */
export async function destroy(options: DestroyOptions): Promise<void> {
    const progress = createProgress({ silent: options.json });
    const isLab = (await hostsOf(options.stack, options.orphaned)) === "lab";
    if (!(await confirmed(`Destroy the stack "${options.stack}" with all of its data?`, options))) return;
    const { plugins: made } = await readGenerated(options.stack);
    const tools = await setup({ progress, needs: isLab ? "docker" : "engine", made });
    if (isLab && !options.orphaned) await refuseOtherEngine(options.stack);
    let changes = {};
    const stack = await findStack(options.stack, tools);
    if (stack) {
        ({ changes } = await progress.step(`Destroying ${options.stack}`, async () =>
            operate(await withProviders(tools, stack), "destroy", progress),
        ));
        await stack.workspace.removeStack(options.stack);
    }
    if (isLab && !stack && !options.orphaned) await refuseForeignHosts(options.stack);
    const removed = isLab
        ? await removeLabObjects(options.stack, options.orphaned ? undefined : projectId())
        : [];
    for (const object of removed) progress.note(`Removed ${object}, which the state did not know`);
    await rm(clientFolder(options.stack), { recursive: true, force: true });
    await forgetGenerated(options.stack);
    await forgetStack(options.stack);
    if (options.json) return printJson({ changes, removed });
    console.log(`Nothing of ${options.stack} is left.\n\nNext: npm run up${suffix(options)}`);
}

/** What is not kept, or cannot be read, is not held against this engine: a destroy must go through. */
async function refuseOtherEngine(stack: string): Promise<void> {
    const { engine } = await readGenerated(stack).catch((): Partial<Generated> => ({}));
    await labEngine(stack, { engine, wasUp: false });
}
