// The commands on the private registry.

import type { Command } from "commander";
import type { LoginOptions } from "../commands/registry-login";
import type { Options } from "../options";
import { onStack } from "./on-stack";

/** Declares registry list, delete, gc and login. */
export function declareRegistry(program: Command): void {
    const registry = program.command("registry").description("the private registry, and the images in it");
    onStack(registry, "list", "list images with their digests and sizes").action(async (options: Options) =>
        (await import("../commands/registry")).list(options),
    );
    onStack(registry, "delete", "delete a tag; gc then frees its space")
        .argument("<image>", "REPOSITORY:TAG")
        .action(async (image: string, options: Options) =>
            (await import("../commands/registry")).deleteTag(image, options),
        );
    onStack(
        registry,
        "gc",
        "remove what no tag or image names; pushes wait meanwhile",
        "If the registry is still read-only, the same command or up sets it back.",
    ).action(async (options: Options) => (await import("../commands/registry")).gc(options));
    onStack(registry, "login", "log your docker in, and make it trust the registry")
        .option("--print", "print the commands for that, and run nothing")
        .action(async (options: LoginOptions) => (await import("../commands/registry-login")).login(options));
}
