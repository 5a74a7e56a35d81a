// `skep ssh` and `skep cp`: a shell or a command on a host, and files to and from it, by the node's name.

import { skepError } from "../../errors";
import { oneLine } from "../../planning/sentence";
import { PROBE_MS } from "../../swarm/host";
import type { Options } from "../options";
import { printJson } from "../print";
import { hostNamed, onStanding, type Standing } from "../stack/standing";
import { scp, sshTo } from "../stack/system-ssh";

/** Opens a shell on a host, or runs a command in its shell and passes its exit code on. */
export function ssh(name: string, command: readonly string[], options: Options): Promise<void> {
    return onStanding(options, async (standing) => {
        const host = hostNamed(standing, name);
        const text = command.length === 0 ? undefined : command.join(" ");
        process.exitCode = await sshTo(standing, host, text);
    });
}

/** Copies files or folders between this machine and a host. Throws COPY_SIDES or COPY_FAILED. */
export function cp(from: string, to: string, options: Options): Promise<void> {
    return onStanding(options, (standing) => copy(standing, from, to, options));
}

/** The same on a swarm whose hosts are known. */
export async function copy(
    standing: Standing,
    from: string,
    to: string,
    { quiet = false, json = false }: Options,
): Promise<void> {
    const sides = copySides(standing, from, to);
    const { code, said } = await scp(standing, sides.from, sides.to, quiet || json);
    if (code !== 0) {
        // If the host cannot be reached, this says why.
        await sides.host.exec("true", { signal: standing.ctx.signal, timeoutMs: PROBE_MS });
        throw skepError(
            "COPY_FAILED",
            `Not all of ${from} was copied: ${oneLine(said) || `scp ended with ${code}`}.`,
            "Correct the path or its permissions: files of root go through /tmp and skep ssh with sudo.",
        );
    }
    if (json) printJson({ from, to });
}

/** The sides of a copy, as scp takes them. Exactly one of them is `HOST:PATH`. */
export function copySides(standing: Standing, from: string, to: string) {
    const sides = [from, to].map(remoteSide);
    const remote = sides.filter((side) => side !== undefined);
    if (remote.length !== 1 || !remote[0]) throw wrongSides(remote.length);
    const { host } = hostNamed(standing, remote[0].host);
    // scp takes everything before a colon for a host, unless a slash comes first.
    const plain = (path: string) => (path.startsWith("/") ? path : `./${path}`);
    const [scpFrom = "", scpTo = ""] = [from, to].map((text, i) => (sides[i] ? text : plain(text)));
    return { host, from: scpFrom, to: scpTo };
}

/** The host and path of `HOST:PATH`; undefined for a path of this machine. */
function remoteSide(text: string): { host: string; path: string } | undefined {
    const [, host, path] = /^([^/:]+):(.*)$/s.exec(text) ?? [];
    return host === undefined || path === undefined ? undefined : { host, path };
}

function wrongSides(count: number): Error {
    return skepError(
        "COPY_SIDES",
        count === 0 ? "Neither side is on a host." : "Both sides are on hosts.",
        "Write exactly one side as HOST:PATH, such as: skep cp manager-1:/etc/docker/daemon.json copy.json",
    );
}
