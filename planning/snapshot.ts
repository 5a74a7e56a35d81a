// What a snapshot of a swarm is: what its hosts and one of its managers said at one moment. swarm/snapshot.ts takes it,
// status.ts says what it means. It holds no secret. No I/O.
import type { Problem } from "../errors";
import type { Membership } from "./adoption";
import type { Span } from "./certificates";
import type { SwarmNode, SwarmService, SwarmTask } from "./engine-api";
import type { Role } from "./placement";

/** A swarm at one moment. */
export interface Snapshot {
    /** The moment by this machine's clock, in milliseconds since 1970. */
    at: number;
    hosts: readonly HostSight[];
    /** What a manager that has a majority said; undefined if none answered. */
    swarm?: SwarmSight;
    /** Why no manager answered. */
    swarmProblems: readonly Problem[];
    registry: RegistrySight;
}

/** One host of the stack: what the stack says of it, what its engine said, and what its own shell said. */
export interface HostSight {
    name: string;
    /** Its role when the stack was last brought up. */
    role: Role;
    /** Its availability zone. */
    zone: string;
    /** The private address at which the other members reach it. */
    address: string;
    nodeId: string;
    /** Undefined if its engine did not answer. */
    engine?: EngineSight;
    /** Undefined if no command could run on it. */
    shell?: ShellSight;
    /** Why the engine or the shell gave no answer. */
    problems: readonly Problem[];
}

/** What a host's engine says of itself. */
export interface EngineSight {
    /** Its version, such as `26.1.5+dfsg1`. */
    version: string;
    /** The version of its containerd, such as `1.7.24`; undefined if the engine does not say it. */
    containerd?: string;
    /** How it stores images, such as `overlay2`. */
    storage: string;
    /** Its own view of its membership, with `locked` for a manager that waits for the unlock key. */
    member: Membership;
    cpus: number;
    memoryBytes: number;
    containersRunning: number;
}

/** What a host's shell says: what the engine's API does not have. */
export interface ShellSight {
    /** By how many milliseconds the host's clock is ahead of this machine's. */
    clockOffsetMs: number;
    /** How wrong that may be: the answer took so long. */
    clockErrorMs: number;
    /** Processes that wanted a processor in the last minute, on average. */
    load: number;
    memory: { totalKib: number; freeKib: number };
    /** The file system with the engine's data; undefined without such a folder. */
    disk?: { totalKib: number; freeKib: number };
    /** When the swarm's certificate of this node begins and ends; undefined if it has none. */
    certificate?: Span;
    /** Whether the unlock key seals the node's key file; undefined if it has none. */
    sealed?: boolean;
    /** The size of the managers' log on this host; undefined if it has none. */
    raftKib?: number;
    /** The reserve on that disk, as it should be and as it is; undefined if this host keeps none. */
    reserve?: { wantedKib: number; foundKib: number };
    /** Why the host has to reboot, as the end of a sentence; undefined if it need not. */
    reboot?: string;
    /** The keys of the engine's daemon.json that Skep did not write. */
    ownKeys?: readonly string[];
}

/** What a manager says of the swarm. */
export interface SwarmSight {
    id: string;
    /** The name of the host that said it. */
    from: string;
    autolock: boolean;
    /** When its last backup was finished, in ISO 8601 and UTC; undefined if none was made. */
    lastBackup?: string;
    nodes: readonly SwarmNode[];
    services: readonly SwarmService[];
    tasks: readonly SwarmTask[];
    /** The moment by that manager's clock, in milliseconds since 1970. */
    now: number;
}

/** Skep's registry, as a host of each zone sees it. */
export interface RegistrySight {
    server: string;
    /** False if nobody could be asked. */
    asked: boolean;
    /** Why hosts cannot use it. */
    problems: readonly Problem[];
}
