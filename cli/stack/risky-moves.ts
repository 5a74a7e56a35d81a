// Moving a manager to another zone deletes it first. Asks the swarm whether it keeps its majority meanwhile.

import { SkepError } from "../../errors";
import { mayStep, memberOf } from "../../planning/membership";
import { closeRemotes } from "../../swarm/engine";
import { Swarm } from "../../swarm/swarm";
import type { SshOutput } from "./client-files";
import type { StateReader } from "../pulumi/state";

interface NodeOutput {
    name: string;
    role: "manager" | "worker";
    zone: string;
    address: string;
    nodeId: string;
}

/** Throws MANAGER_MOVES if replacing these hosts would leave the others without a majority, or one loss away from it. */
export async function refuseRiskyMoves(reader: StateReader, moved: readonly string[]): Promise<void> {
    const outputs = await reader.outputs();
    if (!outputs.nodes || !outputs.ssh || !outputs.clusterId) return;
    const nodes = outputs.nodes as NodeOutput[];
    const ssh = outputs.ssh as SshOutput;
    const managers = nodes.filter(({ role }) => role === "manager");
    const moving = managers.filter(({ name }) => moved.includes(name));
    if (moving.length === 0) return;
    try {
        const others = managers.filter((node) => !moving.includes(node)).map((node) => hostOf(node, ssh));
        const ctx = { signal: new AbortController().signal, log: () => undefined };
        const swarm = Swarm.of(others, outputs.clusterId as string, ctx).during({ patienceMs: 0 });
        const members = (await swarm.members()).map(memberOf);
        for (const { name, nodeId } of moving) {
            const refusal = mayStep(members, { kind: "demote", id: nodeId });
            if (refusal) throw notNow(name, refusal.problem.problem);
        }
    } catch (error) {
        if (!(error instanceof SkepError) || error.problems[0]?.id === "MANAGER_MOVES") throw error;
        throw notNow(moving.map(({ name }) => name).join(", "), error.problems[0]?.problem ?? error.message);
    } finally {
        await closeRemotes();
    }
}

function notNow(name: string, why: string): SkepError {
    return new SkepError([
        {
            id: "MANAGER_MOVES",
            problem: `${name} would be made anew in another zone, and the swarm cannot do without it now: ${why}`,
            advice: "Set skep:zones back, run up until the swarm is whole, then change it again.",
        },
    ]);
}

function hostOf(node: NodeOutput, { user, privateKey, hosts }: SshOutput) {
    const way = hosts.find(({ name }) => name === node.name);
    if (!way) throw new Error(`no way to ${node.name} among the stack's outputs`);
    const { host, port, hostKey } = way;
    return { ...node, id: "", ssh: { host, port, user, privateKey, hostKey } };
}
