// A swarm that stands, for commands that work on it without a run of Pulumi: its hosts and its managers, found by the
// stack's outputs.

import { setMaxListeners } from "node:events";
import { readdir } from "node:fs/promises";
import { closest, distance } from "fastest-levenshtein";
import { PROJECT } from "../../config/folders";
import { skepError, SkepError } from "../../errors";
import type { Progress } from "../../scripts/setup/progress";
import type { PlacedHost } from "../../swarm/checks/check";
import type { Context } from "../../swarm/context";
import { closeRemotes } from "../../swarm/engine";
import { Host } from "../../swarm/host";
import { Swarm } from "../../swarm/swarm";
import { interruptible } from "../interrupt";
import { type Options, progressFor } from "../options";
import { readerOf } from "../steps";
import { suffix } from "../print";
import type { StateReader } from "../pulumi/state";
import type { NodeOutput, Outputs } from "./outputs";

/** How long a command on a standing swarm waits for a manager that answers, in milliseconds. */
const PATIENCE_MS = 10_000;
/** How many letters a name may differ by to be taken for a slip. */
const SLIP = 3;

/** A host of a standing swarm. */
export interface StandingHost extends PlacedHost {
    name: string;
    output: NodeOutput;
}

/** What a command on a standing swarm works with. */
export interface Standing {
    stack: string;
    outputs: Outputs;
    hosts: readonly StandingHost[];
    swarm: Swarm;
    progress: Progress;
    ctx: Context;
}

/**
 * Opens the swarm of a stack for `work`, and closes its connections afterwards. Reads the stack's outputs; asks no host.
 * Throws STACK_DOWN if no `up` of this stack has ended yet.
 */
export async function onStanding<T>(options: Options, work: (standing: Standing) => Promise<T>): Promise<T> {
    const progress = progressFor(options);
    const outputs = await outputsOf(options.stack, await readerOf(options.stack, progress));
    return withSwarm(options.stack, outputs, progress, work);
}

/** Does `work` on the swarm with these outputs, and closes its connections afterwards. An interrupt ends its waits. */
export async function withSwarm<T>(
    stack: string,
    outputs: Outputs,
    progress: Progress,
    work: (standing: Standing) => Promise<T>,
): Promise<T> {
    const stop = new AbortController();
    setMaxListeners(0, stop.signal); // all hosts are asked at once
    const ctx: Context = { signal: stop.signal, log: (text) => progress.note(text) };
    const hosts = outputs.nodes.map((output) => standingHost(output, outputs));
    const managers = managersOf(hosts).map(({ host }) => host);
    const swarm = new Swarm(managers, outputs.clusterId, ctx, PATIENCE_MS);
    try {
        return await interruptible(
            () => stop.abort(),
            (error) => error instanceof SkepError,
            () => work({ stack, outputs, hosts, swarm, progress, ctx }),
        );
    } finally {
        await closeRemotes();
    }
}

function standingHost(output: NodeOutput, { ssh: { user, privateKey, hosts } }: Outputs): StandingHost {
    const { name, role, zone, nodeId } = output;
    const way = hosts.find((host) => host.name === name);
    if (!way) throw new Error(`no way to ${name} among the stack's outputs`);
    const { host, port, hostKey } = way;
    const ssh = { host, port, user, privateKey: way.privateKey ?? privateKey, hostKey };
    return { name, role, zone, nodeId, output, host: Host.of({ ...output, id: "", ssh }) };
}

/** The outputs of a stack that is up, secrets in clear. Throws STACK_DOWN, with the most similar stack there is. */
export async function outputsOf(stack: string, reader: StateReader | undefined): Promise<Outputs> {
    const outputs = (await reader?.outputs()) ?? {};
    if (outputs.nodes !== undefined && outputs.clusterId !== undefined) return outputs as unknown as Outputs;
    throw await stackDown(stack);
}

/** The error for a stack that no `up` has brought up to its end. */
export async function stackDown(stack: string): Promise<SkepError> {
    const files = (await readdir(PROJECT)).flatMap((file) => /^Pulumi\.(.+)\.yaml$/.exec(file)?.[1] ?? []);
    const meant = files.includes(stack) ? "" : didYouMean(stack, files);
    return skepError(
        "STACK_DOWN",
        `The stack "${stack}" is not up.`,
        meant || `Bring it up with: npm run up${suffix({ stack })}`,
    );
}

/** The hosts that were made as managers. */
export function managersOf(hosts: readonly StandingHost[]): StandingHost[] {
    return hosts.filter(({ role }) => role === "manager");
}

/** The host of this name. Throws HOST_UNKNOWN, with the most similar name. */
export function hostNamed({ stack, hosts }: Standing, name: string): StandingHost {
    const found = hosts.find((host) => host.name === name);
    if (found) return found;
    const names = hosts.map((host) => host.name);
    throw skepError(
        "HOST_UNKNOWN",
        `The stack "${stack}" has no host "${name}".`,
        didYouMean(name, names) || `It has ${names.join(", ")}.`,
    );
}

/** A question that has the most similar name; empty if none is similar. */
export function didYouMean(name: string, names: readonly string[]): string {
    if (names.length === 0) return "";
    const similar = closest(name, [...names]);
    return distance(name, similar) <= SLIP ? `Did you mean ${similar}?` : "";
}

/** NAME_UNKNOWN, with the most similar of these names, or all of them after `introduction`. */
export function nameUnknown(
    problem: string,
    name: string,
    names: readonly string[],
    introduction = `It has ${names.join(", ")}.`,
): SkepError {
    return skepError("NAME_UNKNOWN", problem, didYouMean(name, names) || introduction);
}
