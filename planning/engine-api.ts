// The parts of Docker's API for swarms that Skep reads: dockerode's types, and types for what those leave untyped.
import type Docker from "dockerode";
import type { Availability } from "./members";
import type { Role } from "./placement";

/** A member's specification: what it should be. */
export interface NodeSpec {
    Name?: string;
    Role: Role;
    Availability: Availability;
    Labels?: Record<string, string>;
}

/** A member of the swarm. */
export interface SwarmNode {
    ID: string;
    Version: { Index: number };
    Spec: NodeSpec;
    Description?: {
        Hostname?: string;
        Platform?: { OS?: string; Architecture?: string };
        Engine?: { EngineVersion?: string; Labels?: Record<string, string> };
        /** The certificate authorities that it trusts, and the one that issued its certificate. */
        TLSInfo?: Docker.TLSInfo;
    };
    Status?: { State?: "ready" | "down" | "unknown" | "disconnected"; Addr?: string };
    /** Present only for members that vote. */
    ManagerStatus?: {
        Leader?: boolean;
        Reachability?: "reachable" | "unreachable" | "unknown";
        Addr?: string;
    };
}

/** One run of a service. */
export interface SwarmTask {
    ID?: string;
    ServiceID?: string;
    /** Which of a replicated service's replicas it runs for; each later task of that replica has the same number. */
    Slot?: number;
    NodeID?: string;
    CreatedAt?: string;
    DesiredState?: string;
    Spec?: Docker.ContainerTaskSpec;
    Status?: {
        State?: string;
        Err?: string;
        Timestamp?: string;
        ContainerStatus?: { ContainerID?: string };
        /**
         * The ports that it publishes on its node. Engines leave them out after they have found another manager, although
         * the task goes on publishing them.
         */
        PortStatus?: { Ports?: Docker.PortConfig[] | null };
    };
}

/** A service's specification: what it should be. */
export interface ServiceSpec extends Docker.ServiceSpec {
    Name: string;
    TaskTemplate: Docker.ContainerTaskSpec;
}

/** A service, without the methods that dockerode adds. */
export interface SwarmService {
    ID: string;
    Version?: Docker.Version;
    Spec: ServiceSpec;
    /** What it was before its last change, which was at this time. */
    PreviousSpec?: ServiceSpec;
    UpdatedAt?: string;
    UpdateStatus?: Docker.UpdateStatus;
}

/** The service with this name or id. */
export function serviceNamed(services: readonly SwarmService[], name: string): SwarmService | undefined {
    return services.find(({ ID, Spec }) => Spec.Name === name || ID === name);
}

/** The swarm itself, with the tokens to join it. */
export type SwarmInfo = Docker.Swarm;

/** An engine's own view of its membership. */
export interface EngineInfo {
    Name?: string;
    /** The time of the host's clock. */
    SystemTime?: string;
    Swarm?: {
        LocalNodeState?: "" | "inactive" | "pending" | "active" | "error" | "locked";
        NodeID?: string;
        ControlAvailable?: boolean;
        Cluster?: { ID?: string };
        RemoteManagers?: { Addr: string }[] | null;
        Error?: string;
    };
}

/** Whether the swarm sees the member ready in its role. */
export function isReady({ Status, ManagerStatus }: SwarmNode, role: Role): boolean {
    if (Status?.State !== "ready") return false;
    return role === "manager" ? ManagerStatus?.Reachability === "reachable" : !ManagerStatus;
}

/** The port at which managers of a swarm talk to its members. */
export const SWARM_PORT = 2377;

/** The oldest and newest versions of Docker's API that Skep is tested with: those of engine 20.10 and of engine 27. */
export const OLDEST_API = "1.41";
const NEWEST_API = "1.47";

/** The API version for an engine whose newest version is given; undefined if the engine is too old. */
export function negotiatedApi(engines: string): string | undefined {
    const minor = (version: string) => Number(version.split(".")[1]);
    if (!(minor(engines) >= minor(OLDEST_API))) return undefined;
    return minor(engines) < minor(NEWEST_API) ? engines : NEWEST_API;
}
