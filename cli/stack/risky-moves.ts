// Moving a manager to another zone deletes it first. The swarm is asked whether it keeps its majority meanwhile.

import { SkepError } from "../../errors";
import { mayStep } from "../../planning/membership";
import type { Props } from "../../providers/runtime/types";
import { manager } from "../../swarm/engine";
import { closeRemotes } from "../../swarm/ssh";
import { memberOf } from "../../swarm/turns";
import type { SshOutput } from "./client-files";
import type { StateReader } from "../pulumi/state";

interface NodeOutput {
    name: string;
    role: "manager" | "worker";
    zone: string;
    address: string;
    nodeId: string;
}

/** Refuses to make these hosts anew where the others would be left without a majority, or one loss away from it. */
export async function refuseRiskyMoves(reader: StateReader, moved: readonly string[]): Promise<void> {
    const outputs = await reader.outputs();
    if (!outputs.nodes || !outputs.ssh || !outputs.clusterId) return;
    const nodes = outputs.nodes as NodeOutput[];
    const ssh = outputs.ssh as SshOutput;
    const managers = nodes.filter(({ role }) => role === "manager");
    const moving = managers.filter(({ name }) => moved.includes(name));
    if (moving.length === 0) return;
    try {
        const engine = await manager(
            managers.filter((node) => !moving.includes(node)).map((node) => hostOf(node, ssh)),
            outputs.clusterId as string,
        );
        const members = (await engine.call<Props[]>("GET", "/nodes")).map(memberOf);
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
