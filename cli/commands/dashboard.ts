// `skep dashboard`: shows a swarm as a page in the browser, live and for reading only; or writes the page to a file.

import { resolve } from "node:path";
import { EXIT_CODES } from "../../errors/problem-group";
import { writeWhole } from "../../scripts/setup/cache";
import { renderPage } from "../dashboard/page";
import { serve } from "../dashboard/server";
import { Watcher } from "../dashboard/watcher";
import type { Options } from "../options";
import { printJson } from "../print";
import { snapshotOf } from "../stack/last-look";
import { onStanding, type Standing } from "../stack/standing";
import { wantedOf } from "../stack/wanted";

export interface DashboardOptions extends Options {
    /** The port on 127.0.0.1. Default: any that is free. */
    port?: number;
    /** The file to write the page to instead of serving it. */
    html?: string;
}

/** Serves the page until the command is interrupted or its time is over, or writes it to a file. */
export async function dashboard(options: DashboardOptions): Promise<void> {
    await onStanding(options, async (standing) => {
        const { progress } = standing;
        const wanted = await wantedOf(standing);
        const watcher = await progress.step("Looking at the swarm", () =>
            Watcher.start(options.stack, wanted, () => snapshotOf(standing)),
        );
        await (options.html === undefined
            ? show(standing, watcher, options)
            : write(watcher, options.html, options));
    });
    // An interrupt is how a served page ends: nothing failed, and nothing is left to end.
    if (options.html === undefined) process.exit(EXIT_CODES.done);
}

async function show(
    { ctx }: Standing,
    watcher: Watcher,
    { port, json, quiet }: DashboardOptions,
): Promise<void> {
    const { url, close } = await serve(watcher, port);
    if (json) printJson({ url });
    else console.log(quiet ? url : `${url}\n\nOpen it in a browser on this machine. Ctrl-C ends it.`);
    try {
        await watcher.run(ctx.signal);
    } finally {
        await close();
    }
}

async function write(watcher: Watcher, file: string, { json, quiet }: Options): Promise<void> {
    const path = resolve(file);
    await writeWhole(path, renderPage(watcher.now(), { live: false }).html);
    if (json) printJson({ file: path });
    else console.log(quiet ? path : `Wrote ${path}: open it in a browser.`);
}
