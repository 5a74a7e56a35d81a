// What Skep does with the channels of an SSH connection.
import type { Duplex } from "node:stream";
import type { ClientChannel } from "ssh2";
import type { ExecResult } from "./ssh";

type Channel = Duplex & Record<string, unknown>;

/** Reads all that a command writes. The result is undefined if its channel closed before the command ended. */
export function collect(channel: ClientChannel, done: (result?: ExecResult) => void): void {
    let stdout = "";
    let stderr = "";
    // A character may come in two pieces.
    channel.setEncoding("utf8").on("data", (text: string) => (stdout += text));
    channel.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
    // A command that a signal ended has no code, but a signal.
    channel.on("close", (code?: number | null, signal?: string) =>
        done(code === undefined && signal === undefined ? undefined : { code: code ?? -1, stdout, stderr }),
    );
}

/**
 * Makes an SSH channel look like a net.Socket to Node's HTTP client: adds the methods that it lacks, and lets a destroyed
 * channel close.
 */
export function asSocket(duplex: Duplex): Duplex {
    const channel = duplex as Channel;
    const chain = () => channel;
    for (const method of ["setKeepAlive", "setNoDelay", "setTimeout", "ref", "unref"])
        channel[method] ??= chain;
    const destroy = channel.destroy.bind(channel);
    // A channel closes only after all of it was read. An unread one would keep its place in the pool for ever.
    channel.destroy = (error) => destroy(error).resume();
    channel.destroySoon ??= () => channel.destroy();
    return channel;
}
