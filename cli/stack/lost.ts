// What is known of a stack whose swarm is lost. The outputs are those of the last up that ended; hosts that a later one made
// anew have other addresses and keys on this machine's side, which only the state has.

import type { HostInput } from "../../swarm/ssh";
import type { Progress } from "../../scripts/setup/progress";
import { readerOf } from "../steps";
import type { Outputs } from "./outputs";
import { outputsOf } from "./standing";

const ENGINE_TYPE = "swarm:index:HostEngine";

/** The outputs of a stack, with the hosts as they are reached now. Throws STACK_DOWN if no up of it has ever ended. */
export async function outputsNow(stack: string, progress: Progress): Promise<Outputs> {
    const reader = await readerOf(stack, progress);
    const known = await outputsOf(stack, reader);
    const resources = (await reader?.openResources()) ?? [];
    const engines = resources.filter((each) => each.type === ENGINE_TYPE && each.delete !== true);
    const hosts = new Map(engines.map(({ inputs }) => hostOf(inputs)));
    const ways = known.ssh.hosts.map((way) => {
        const { host, port, hostKey, privateKey } = hosts.get(way.name)?.ssh ?? way;
        return { ...way, host, port, hostKey, privateKey };
    });
    return { ...known, ssh: { ...known.ssh, hosts: ways } };
}

function hostOf(inputs: Record<string, unknown> | undefined): [string, HostInput] {
    const host = inputs?.host as HostInput;
    return [host.name, host];
}
