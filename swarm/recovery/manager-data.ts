// A manager's own copy of the swarm's data on its host, handled while its engine does not run.
import { skepError } from "../../errors";
import { oneLine } from "../../planning/sentence";
import type { Context } from "../context";
import type { Host } from "../host";
import { hostScript, unpacked } from "../scripts";

const ARCHIVE = "/run/skep-restore.tar.gz";
const LOOK_MS = 20_000;
const STOP_MS = 120_000;
const WORK_MS = 120_000;

/** What a host has of a swarm. */
export interface ManagerData {
    /** Whether it has a raft log and a node key, sealed or not. */
    hasData: boolean;
    /** The node key's file, if an unlock key seals it. */
    sealedKey: string | undefined;
    /** When the raft log was last written, in seconds since 1970. */
    newest: number | undefined;
}

interface Shown {
    hasData: boolean;
    sealedKey: string | null;
    newest: number | null;
}

/** What the host has. Changes nothing, and needs no engine. */
export async function lookAtData(host: Host, ctx: Context): Promise<ManagerData> {
    return dataOf(await step<Shown>(host, { MODE: "look" }, LOOK_MS, ctx));
}

/** Stops the host's engine, also one that hangs, and says what the host has. */
export async function stopEngine(host: Host, ctx: Context): Promise<ManagerData> {
    return dataOf(await step<Shown>(host, { MODE: "stop" }, STOP_MS, ctx));
}

/** Puts the folder `swarm` of a backup, a gzipped tar, in the place of the host's. The engine must be stopped. */
export async function putData(host: Host, archive: Buffer, ctx: Context): Promise<ManagerData> {
    // The tar is too large for a variable of a script. It lies in memory, and only root can read it.
    const command = `sudo -n sh -c 'umask 077 && base64 -d >${ARCHIVE}'`;
    const stdin = archive.toString("base64");
    const { code, stderr } = await host.exec(command, { stdin, timeoutMs: WORK_MS, signal: ctx.signal });
    if (code !== 0)
        throw skepError(
            "HOST_SCRIPT",
            `The backup's data did not get to ${host.name}: ${oneLine(stderr)}.`,
            "See df /run there, then run the same command again.",
        );
    return dataOf(await step<Shown>(host, { MODE: "put", ARCHIVE }, WORK_MS, ctx));
}

/** Starts the host's engine, with another text of its node key if one is given. Does not wait for the engine. */
export async function startEngine(host: Host, ctx: Context, nodeKey?: string): Promise<void> {
    const NODE_KEY = Buffer.from(nodeKey ?? "").toString("base64");
    await step(host, { MODE: "start", NODE_KEY }, WORK_MS, ctx);
}

/** Removes what the steps before have kept on the host. */
export async function settleData(host: Host, ctx: Context): Promise<void> {
    await step(host, { MODE: "settle" }, LOOK_MS, ctx);
}

function step<T>(
    host: Host,
    variables: Readonly<Record<string, string>>,
    timeoutMs: number,
    { signal }: Context,
): Promise<T> {
    return host.script<T>(hostScript("lock", "data-root", "raft"), variables, { timeoutMs, signal });
}

function dataOf({ hasData, sealedKey, newest }: Shown): ManagerData {
    return {
        hasData,
        sealedKey: sealedKey === null ? undefined : unpacked(sealedKey),
        newest: newest ?? undefined,
    };
}
