// What the resources ask of engines and of the swarm: membership, a manager that answers, versioned updates.
import { SkepError, skepError } from "../errors";
import type { Props } from "./context";
import { ConnectionError, EngineError, reasonOf } from "./failures";
import type { HostInput } from "./host";
import { remote, type Remote } from "./ssh";
import { pause, until } from "./wait";

const PROBE_MS = 8000;
const PAUSE_MS = 500;
/** A new leader is there 14 to 16 s after the loss of one; a cut one needs longer. */
const ELECTION_MS = 45_000;
/** Looking may not take long: it comes before every preview, up and destroy. */
const OBSERVE_MS = 16_000;
/** No host answers at all: it may be a restart, and more likely is not. */
const RESTART_MS = 6000;
/** Without quorum a write fails after 16.5 s by itself. */
export const WRITE_MS = 20_000;

/** A host's own view of its membership, from `/info`. */
export interface Membership {
    state: "inactive" | "pending" | "active" | "error" | "locked";
    nodeId: string;
    isManager: boolean;
    clusterId: string | undefined;
    /** Addresses of the managers that it follows, or followed last. */
    remoteManagers: string[];
    error: string;
    /** The host's name as the swarm shows it. */
    hostname: string;
}

/** What a host's own engine says of its part in a swarm. Fails where the host or its engine does not answer in time. */
export async function membership(host: HostInput, timeoutMs = PROBE_MS): Promise<Membership> {
    const info = await remote(host).call("GET", "/info", undefined, timeoutMs);
    const swarm: Props = info.Swarm ?? {};
    return {
        state: swarm.LocalNodeState || "inactive",
        nodeId: swarm.NodeID ?? "",
        isManager: swarm.ControlAvailable ?? false,
        clusterId: swarm.Cluster?.ID || undefined,
        remoteManagers: (swarm.RemoteManagers ?? []).map(({ Addr }: Props) => String(Addr)),
        error: swarm.Error ?? "",
        hostname: info.Name ?? host.name,
    };
}

/** The first manager of this cluster that answers. */
export async function manager(hosts: readonly HostInput[], clusterId: string): Promise<Remote> {
    const probes = hosts.map(async (host) => {
        const { ID } = await remote(host).call("GET", "/swarm", undefined, PROBE_MS);
        if (ID !== clusterId) throw new Error(`${host.name} belongs to another swarm`);
        return remote(host);
    });
    try {
        const answering = await Promise.any(probes);
        lookedInVain.delete(clusterId);
        return answering;
    } catch (error) {
        const { errors } = error as AggregateError;
        throw new NoManager(errors.map(reasonOf), errors.every(isOutOfReach));
    }
}

/** Why no manager answered, and whether none of the hosts did. */
export class NoManager extends SkepError {
    constructor(
        reasons: readonly string[],
        readonly noHostAnswers: boolean,
    ) {
        super(unreachable(reasons).problems);
    }
}

function isOutOfReach(error: unknown): boolean {
    return error instanceof ConnectionError && error.problems[0]?.id !== "HOST_TIMEOUT";
}

/** As `manager`, but waits out an election, and a restart of the engines. */
export async function managerSoon(
    hosts: readonly HostInput[],
    clusterId: string,
    { signal }: { signal: AbortSignal },
    timeoutMs = ELECTION_MS,
): Promise<Remote> {
    const began = Date.now();
    for (;;) {
        try {
            return await manager(hosts, clusterId);
        } catch (error) {
            const hopeless = error instanceof NoManager && error.noHostAnswers;
            const patience = hopeless ? Math.min(timeoutMs, RESTART_MS) : timeoutMs;
            if (signal.aborted || Date.now() - began >= patience) throw error;
        }
        await pause(PAUSE_MS, signal);
    }
}

/** When a swarm was last looked for in vain, by cluster id. */
const lookedInVain = new Map<string, number>();
/** A command looks at all resources of a swarm, one after the other: only the first one waits for who does not answer. */
const IN_VAIN_MS = 60_000;

/**
 * A manager to look through, or nothing: a swarm that does not answer must keep nobody from seeing what is there, nor
 * from destroying it.
 */
export async function observer(
    hosts: readonly HostInput[],
    clusterId: string,
    ctx: { signal: AbortSignal },
): Promise<Remote | undefined> {
    if (Date.now() - (lookedInVain.get(clusterId) ?? 0) < IN_VAIN_MS) return undefined;
    try {
        return await managerSoon(hosts, clusterId, ctx, OBSERVE_MS);
    } catch {
        lookedInVain.set(clusterId, Date.now());
        return undefined;
    }
}

/** The error where no manager answered, with the reason of each. */
export function unreachable(reasons: readonly string[]): SkepError {
    const details = reasons.length > 0 ? ` (${reasons.join("; ")})` : "";
    return skepError(
        "SWARM_UNREACHABLE",
        `No manager of the swarm answers${details}.`,
        "Start the managers' hosts again, or restore the swarm from its backup.",
    );
}

/** True for the answer that the thing does not exist. */
export function isMissing(error: unknown): boolean {
    return error instanceof EngineError && error.statusCode === 404;
}

/** The answer, or nothing where the thing does not exist. */
export async function ifExists<T>(answer: Promise<T>): Promise<T | undefined> {
    try {
        return await answer;
    } catch (error) {
        if (isMissing(error)) return undefined;
        throw error;
    }
}

/** Changes a member's specification; repeated when someone else was faster. */
export async function updateNode(
    engine: Remote,
    nodeId: string,
    change: (spec: Props) => Props,
    signal: AbortSignal,
): Promise<void> {
    const attempt = async () => {
        const { Spec, Version } = await engine.call("GET", `/nodes/${nodeId}`);
        const spec = change(structuredClone(Spec));
        if (JSON.stringify(spec) === JSON.stringify(Spec)) return true;
        await engine.call("POST", `/nodes/${nodeId}/update?version=${Version.Index}`, spec, WRITE_MS);
        return true;
    };
    await until(`the change of member ${nodeId}`, attempt, 2 * WRITE_MS, { signal, giveUp: isFinal });
}

/** Changes the swarm's specification; repeated when someone else was faster. */
export async function updateSwarm(
    engine: Remote,
    change: (spec: Props) => Props,
    signal: AbortSignal,
): Promise<void> {
    const attempt = async () => {
        const { Spec, Version } = await engine.call("GET", "/swarm");
        await engine.call("POST", `/swarm/update?version=${Version.Index}`, change(Spec), WRITE_MS);
        return true;
    };
    await until("the change of the swarm", attempt, 2 * WRITE_MS, { signal, giveUp: isFinal });
}

/** Outdated versions and elections pass by; what the request itself is refused for does not. */
function isFinal(error: unknown): boolean {
    if (!(error instanceof EngineError)) return false;
    return error.statusCode < 500 || /last manager|loss of quorum/.test(error.reason);
}

/** The query part of a list with filters. */
export function filters(filter: Record<string, string[]>): string {
    return `filters=${encodeURIComponent(JSON.stringify(filter))}`;
}

/** State without what only exists after create: what check would have produced. */
export function inputsOf(state: Props, computed: readonly string[]): Props {
    return Object.fromEntries(Object.entries(state).filter(([key]) => !computed.includes(key)));
}

/** Whether the swarm sees the member at work in its role. */
export function isReady({ Status, ManagerStatus }: Props, role: string): boolean {
    if (Status?.State !== "ready") return false;
    return role === "manager" ? ManagerStatus?.Reachability === "reachable" : !ManagerStatus;
}
