// The commands that make keys anew.

import type { Command } from "commander";
import type { Rotated, RotateOptions } from "../commands/rotate";
import { onStack } from "./on-stack";

const ROTATIONS: Record<Rotated, string> = {
    "unlock-key": "the key that opens locked managers",
    "join-tokens": "the tokens with which nodes join",
    ca: "the swarm's certificate authority, and the certificates of all nodes",
    "registry-password": "the registry's password; the one before stays valid until you end it",
    "registry-certificate": "the registry's certificate; the stack's authority stays",
    "client-certificate": "the certificate of your own docker",
    "ssh-key": "the key with which Skep and you log in at the hosts",
};

/** Declares rotate and its subcommands. */
export function declareKeys(program: Command): void {
    const rotate = program.command("rotate").description("make a key or a certificate anew");
    for (const [what, description] of Object.entries(ROTATIONS)) {
        const command = onStack(rotate, what, description).action(async (options: RotateOptions) =>
            (await import("../commands/rotate")).rotate(what as Rotated, options),
        );
        if (what === "registry-password" || what === "ssh-key")
            command.option("--end-former", "make no new one, and end the one before");
    }
}
