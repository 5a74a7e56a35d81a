// The commands that make keys anew.

import type { Command } from "commander";
import type { Options } from "../options";
import type { Rotated } from "../commands/rotate";
import { onStack } from "./on-stack";

const ROTATIONS: Record<Rotated, string> = {
    "unlock-key": "the key that opens locked managers",
    "join-tokens": "the tokens with which nodes join",
    ca: "the swarm's certificate authority, and the certificates of all nodes",
    "registry-certificate": "the registry's certificate; the stack's authority stays",
    "client-certificate": "the certificate of your own docker",
};

/** Declares rotate and its subcommands. */
export function declareKeys(program: Command): void {
    const rotate = program.command("rotate").description("make a key or a certificate anew");
    for (const [what, description] of Object.entries(ROTATIONS))
        onStack(rotate, what, description).action(async (options: Options) =>
            (await import("../commands/rotate")).rotate(what as Rotated, options),
        );
}
