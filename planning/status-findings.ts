// What status finds in a snapshot. No I/O.
import type { Problem } from "../errors";
import { brokenProblem } from "./adoption";
import { shortfalls } from "./convergence";
import { othersProblems } from "./daemon-json";
import type { SwarmService } from "./engine-api";
import { type Finding, finding, warning } from "./finding";
import {
    clockProblems,
    diskProblems,
    lifeProblems,
    lockedProblem,
    nodeCertificateProblems,
    raftProblems,
    rebootProblems,
    reserveProblems,
    versionProblems,
} from "./host-findings";
import { ageText } from "./durations";
import { type Quorum, quorumProblems } from "./quorum";
import { oneLine } from "./sentence";
import type { HostSight, Snapshot, SwarmSight } from "./snapshot";
import type { NodeStatus, Wanted } from "./status";

const STACK_LABEL = "com.docker.stack.namespace";

/** The name of the stack that a service belongs to; empty if it belongs to none. */
export function stackOf({ Spec }: SwarmService): string {
    return Spec.Labels?.[STACK_LABEL] ?? "";
}

/** What is not as it should be, in no order. */
export function findingsOf(
    snapshot: Snapshot,
    nodes: readonly NodeStatus[],
    quorum: Quorum,
    wanted: Wanted,
): Finding[] {
    const { hosts, swarm, swarmProblems, registry, at } = snapshot;
    const problems = [
        ...hosts.flatMap((host) => host.problems),
        ...(swarm ? quorumProblems(quorum) : swarmProblems),
        ...nodes.flatMap((node) =>
            memberProblems(
                node,
                swarm,
                hosts.find(({ nodeId }) => nodeId === node.nodeId),
            ),
        ),
        ...(swarm ? stackProblems(swarm, wanted.stacks) : []),
        // Without the swarm, nobody could be asked, and the reason is said already.
        ...(registry.asked ? registry.problems : []),
        ...lifeProblems(hosts, at),
        ...versionProblems(hosts),
        ...diskProblems(hosts),
        ...reserveProblems(hosts),
        ...raftProblems(hosts),
        ...rebootProblems(hosts),
        ...nodeCertificateProblems(hosts, at),
        ...clockProblems(hosts),
        ...backupProblems(snapshot, wanted),
    ];
    const users = [
        ...(swarm ? userProblems(swarm, wanted.stacks) : []),
        ...hosts.flatMap(({ name, shell }) => othersProblems(name, shell?.ownKeys ?? [])),
    ];
    return [...problems.map(finding), ...users.map((problem) => warning(problem))];
}

/** A backup that was made too long ago. Who never made one has decided so. */
function backupProblems({ swarm, at }: Snapshot, { backupSeconds }: Wanted): Problem[] {
    const last = Date.parse(swarm?.lastBackup ?? "");
    if (backupSeconds === undefined || !(at - last > backupSeconds * 1000)) return [];
    return [
        {
            id: "BACKUP_OLD",
            problem: `The last backup was made ${ageText(last, at)} ago.`,
            advice: "Make one now: skep backup. Have one made every day: skep backup schedule.",
        },
    ];
}

/** What is wrong with one member, or with a host that should be one. */
function memberProblems(node: NodeStatus, swarm?: SwarmSight, host?: HostSight): Problem[] {
    const { name, role, state, availability, lock, reached } = node;
    const problems: Problem[] = [];
    if (role.wanted === null)
        return [
            {
                id: "MEMBER_UNKNOWN",
                problem: `The swarm has a member ${name} (${state}) that is no host of this stack.`,
                advice: `If nobody needs it, remove it: docker node rm ${node.nodeId}${state === "ready" ? " --force" : ""}.`,
            },
        ];
    const member = host?.engine?.member;
    if (lock === "locked") problems.push(lockedProblem(name));
    else if (member?.state === "error") problems.push(brokenProblem(name, member.error));
    // A host that does not answer, or waits for its key, is named already.
    else if (swarm && state !== "ready" && reached)
        problems.push({
            id: "NODE_NOT_READY",
            problem:
                state === "no member"
                    ? `The host ${name} is no node of the swarm.`
                    : `The node ${name} is not ready (${state}).`,
            advice: "Run up: it brings the host back, or says what keeps it away.",
        });
    if (swarm?.autolock && lock === "open")
        problems.push({
            id: "LOCK_OPEN",
            problem: `The unlock key does not seal the key file of ${name}, though the swarm's autolock is on.`,
            advice: "Run up; if it stays so, rotate the unlock key: skep rotate unlock-key.",
        });
    if (swarm && role.found !== null && role.found !== role.wanted)
        problems.push({
            id: "NODE_DIFFERS",
            problem: `${name} is a ${role.found}, and the stack made it a ${role.wanted}.`,
            advice: "Run up: it sets the role back.",
        });
    const found = swarm?.nodes.find(({ ID }) => ID === node.nodeId);
    const label = found?.Spec.Labels?.availability_zone;
    if (found && label !== node.zone)
        problems.push({
            id: "NODE_DIFFERS",
            problem: `${name} has ${label === undefined ? "no zone label" : `the zone label ${label}`}, and stands in ${node.zone}.`,
            advice: "Run up: it sets the label back.",
        });
    return [...problems, ...availabilityProblems(name, availability)];
}

function availabilityProblems(name: string, { wanted, found }: NodeStatus["availability"]): Problem[] {
    if (found === null || found === (wanted ?? "active")) {
        if (found === null || found === "active") return [];
        return [
            {
                id: "NODE_AWAY",
                problem: `${name} takes no tasks: the settings say ${found}.`,
                advice: "Change its availability in skep:nodes when it should take tasks again.",
            },
        ];
    }
    const said = wanted === null ? "nobody could read what the settings say" : `the settings say ${wanted}`;
    return [
        {
            id: "NODE_DIFFERS",
            problem: `The availability of ${name} is ${found}, and ${said}.`,
            advice: "Run up: it sets the availability back.",
        },
    ];
}

/** What Skep's own stacks lack. */
function stackProblems(swarm: SwarmSight, stacks: readonly string[]): Problem[] {
    const advice = "Run up: it brings back what is missing, or says what keeps it away.";
    const present = new Set(swarm.services.map(stackOf));
    const gone = stacks
        .filter((name) => !present.has(name))
        .map((name) => `The stack ${name} has no services`);
    return [...gone, ...lacking(swarm, (stack) => stacks.includes(stack))].map((reason) => ({
        id: "STACK_NOT_RUNNING",
        problem: `${oneLine(reason)}.`,
        advice,
    }));
}

/** What users' services lack. It does not make the swarm unwell. */
function userProblems(swarm: SwarmSight, stacks: readonly string[]): Problem[] {
    return lacking(swarm, (stack) => !stacks.includes(stack)).map((reason) => ({
        id: "STACK_NOT_RUNNING",
        problem: `${oneLine(reason)}.`,
        advice: "See docker service ps with its name on a manager.",
    }));
}

function lacking(swarm: SwarmSight, isMeant: (stack: string) => boolean): string[] {
    const services = swarm.services.filter((service) => isMeant(stackOf(service)));
    return Object.values(shortfalls({ ...swarm, services }));
}
