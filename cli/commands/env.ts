// `npm run skep -- env`: prepares this machine for the plain `pulumi` command on a stack, and prints what that must find in
// its environment, as lines for a shell.

import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { shellQuote } from "../../planning/shell";
import { ensureLanguageHost } from "../../scripts/setup/plugins";
import { engineEnvironment } from "../pulumi/workspace";
import { type Options, readyForPlain } from "../prepare";
import { printJson } from "../print";

/** Prints exports for a shell, with which the plain `pulumi` command finds its program, plugins, state and passphrase. */
export async function env(options: Options): Promise<void> {
    const { progress, tools } = await readyForPlain(options);
    const environment: Record<string, string> = {
        ...(await engineEnvironment(tools)),
        PULUMI_STACK: options.stack,
        // Plugins are installed when a resource asks for them. Without this, Pulumi first installs all that node_modules
        // name, also the hundreds of megabytes of the one for AWS. Versions that do not know the option ignore it.
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
