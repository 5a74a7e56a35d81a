// `npm run skep -- env`: what the plain `pulumi` command must find in its environment to work on the same stack, as lines
// for a shell.

import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { shellQuote } from "../../planning/shell";
import { createProgress } from "../../scripts/setup/progress";
import { ensureLanguageHost } from "../../scripts/setup/plugins";
import { setup } from "../../scripts/setup/setup";
import { readSettings } from "../stack/settings";
import { engineEnvironment, linkSwarmPlugin } from "../pulumi/workspace";
import type { Options } from "../prepare";
import { printJson } from "../print";

/** Prints exports for a shell, with which the plain `pulumi` command finds engine, plugins, state and passphrase. */
export async function env(options: Options): Promise<void> {
    const progress = createProgress({ silent: options.json });
    const { settings, generated } = await readSettings(options.stack);
    const tools = await setup({
        progress,
        needs: settings.hosts === "lab" ? "lab" : "instances",
        made: generated.plugins,
        repository: settings.repository,
    });
    linkSwarmPlugin(tools);
    const environment: Record<string, string> = {
        ...(await engineEnvironment(tools)),
        PULUMI_STACK: options.stack,
        // Plugins are had when a resource asks for them: the engine would first get all that node_modules name, also
        // the hundreds of megabytes of the one for AWS. Engines older than the option pass over it.
        PULUMI_OPTION_SKIP_PLUGIN_PRE_INSTALL: "true",
    };
    if (!existsSync(join(tools.pulumi.root, "bin/pulumi-language-nodejs")))
        environment.PATH = [await ensureLanguageHost(progress, tools.pulumi), environment.PATH].join(
            delimiter,
        );
    if (options.json) return printJson(environment);
    for (const [name, value] of Object.entries(environment))
        console.log(`export ${name}=${shellQuote(value)}`);
}
