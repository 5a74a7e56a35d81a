// `npm run skep -- env`: prepares this machine for the plain `pulumi` command on a stack, and prints the environment that
// it needs, as lines for a shell.

import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { shellQuote } from "../../planning/shell";
import { ensureLanguageHost } from "../../scripts/setup/plugins";
import { pulumiEnvironment } from "../pulumi/workspace";
import type { Options } from "../options";
import { readyForPlain } from "../prepare";
import { printJson } from "../print";

/** Prints exports for a shell. With them, the plain `pulumi` command finds its program, plugins, state and passphrase. */
export async function env(options: Options): Promise<void> {
    const { progress, tools } = await readyForPlain(options);
    const environment: Record<string, string> = {
        ...(await pulumiEnvironment(tools)),
        PULUMI_STACK: options.stack,
        // Pulumi installs a plugin when a resource asks for it. Without this option, it first installs every plugin that
        // node_modules names, including the one for AWS with its hundreds of megabytes. Versions that do not know the
        // option ignore it.
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
