// Runs a script on a host, over SSH.
import type { Client, ClientChannel } from "ssh2";
import type { Context, Props } from "../../../providers/runtime/types";
import { OutputCapture, type Captured } from "./output";
import type { Run } from "./resource";
import { withClient } from "./ssh";

export const runRemote: Run = (inputs, script, previous, ctx) =>
    withClient(inputs.connection, ctx, async (client) => {
        const asked: Props = inputs.environment ?? {};
        await refuseDroppedVariables(client, asked);
        const channel = await execute(client, script, { ...asked, ...previous });
        const output = new OutputCapture(inputs, script, ctx);
        channel.on("data", (chunk: Buffer) => output.write("stdout", chunk));
        channel.stderr.on("data", (chunk: Buffer) => output.write("stderr", chunk));
        channel.on("error", () => undefined);
        channel.end(inputs.stdin ?? "");
        return ended(client, channel, output, ctx);
    });

function execute(client: Client, script: string, env: Props): Promise<ClientChannel> {
    return new Promise((resolve, reject) => {
        client.exec(script, { env }, (error, channel) => (error ? reject(error) : resolve(channel)));
    });
}

function ended(
    client: Client,
    channel: ClientChannel,
    output: OutputCapture,
    ctx: Context,
): Promise<Captured> {
    return new Promise((resolve, reject) => {
        const lost = () =>
            reject(output.failure(ctx.signal.aborted ? "cancelled" : "the connection was lost"));
        client.once("close", lost);
        channel.on("close", (code: number | undefined, signal: string | undefined) => {
            client.off("close", lost);
            const captured = output.finish();
            if (code === 0) return resolve(captured);
            reject(output.failure(exitText(code, signal, ctx)));
        });
    });
}

function exitText(code: number | undefined, signal: string | undefined, ctx: Context): string {
    if (ctx.signal.aborted) return "cancelled";
    if (signal) return `Process exited from signal ${signal}`;
    if (code === undefined || code === null) return "the connection was lost";
    return `Process exited with status ${code}`;
}

/**
 * Throws when the SSH server drops a variable that its AcceptEnv does not list, as the official plugin does. ssh2 ignores
 * the server's answer, so this asks the host which variables arrived.
 */
async function refuseDroppedVariables(client: Client, environment: Props): Promise<void> {
    const names = Object.keys(environment);
    if (names.length === 0) return;
    const channel = await execute(client, "env", environment);
    const printed = await textOf(channel);
    const dropped = names.filter((name) => !`\n${printed}`.includes(`\n${name}=`));
    if (dropped.length === 0) return;
    throw new Error(
        `the SSH server did not accept the environment variables ${dropped.join(", ")} (AcceptEnv); ` +
            "put them in the script or on its stdin",
    );
}

function textOf(channel: ClientChannel): Promise<string> {
    return new Promise((resolve) => {
        let text = "";
        channel.on("data", (chunk: Buffer) => (text += chunk.toString()));
        channel.stderr.resume();
        channel.on("close", () => resolve(text));
        channel.end();
    });
}
