// What a backup says of itself: which swarm it is of, what is in it, and what the swarm had when it was made.

import type { Role } from "../placement";

/** The form of the archives that this code writes, and the only one that it reads. */
export const MANIFEST_FORM = 1;

/** A manager whose own copy of the swarm's data is in the archive. */
export interface SavedManager {
    name: string;
    nodeId: string;
    /** The private address that the others know it by. Its data works at no other one. */
    address: string;
    /** The version of its engine, as the engine says it. An older engine may not read the data. */
    engine: string;
    /** When its engine stopped for the copy, in ISO 8601 and UTC. What the swarm took on later is not in the copy. */
    at: string;
    /** The SHA-256 of its file in the archive, in hex, and the file's size in bytes. */
    sha256: string;
    bytes: number;
}

/** A member of the swarm when the backup was made. */
export interface SavedMember {
    name: string;
    nodeId: string;
    role: Role;
    address: string;
    availability: string;
    labels: Record<string, string>;
}

/** A service when the backup was made. */
export interface SavedService {
    name: string;
    id: string;
    /** With its digest, if the service names one. */
    image: string;
    /** How many tasks it wants; null for one on every node. */
    replicas: number | null;
}

/** A secret, a config or a network of the swarm when the backup was made. */
export interface SavedObject {
    name: string;
    id: string;
}

/** What the swarm had when the backup was made. */
export interface SavedObjects {
    services: SavedService[];
    secrets: SavedObject[];
    configs: SavedObject[];
    /** Those of the whole swarm, without the one that is there from its beginning. */
    networks: SavedObject[];
}

/** The images of the private registry, in pieces in the archive. */
export interface SavedRegistry {
    /** The host whose volume has them. */
    host: string;
    volume: string;
    bytes: number;
    /** Of all pieces one after another, in hex. */
    sha256: string;
}

export interface BackupManifest {
    form: typeof MANIFEST_FORM;
    /** The version of Skep that made it. */
    skep: string;
    stack: string;
    clusterId: string;
    /** When it was finished, in ISO 8601 and UTC. */
    made: string;
    autolock: boolean;
    managers: SavedManager[];
    members: SavedMember[];
    objects: SavedObjects;
    registry?: SavedRegistry;
}

/** The content of an archive that recovery needs. */
export interface OpenArchive {
    manifest: BackupManifest;
    /** The unlock key at the time of the backup; empty without autolock. Never printed, never in arguments. */
    unlockKey: string;
    /** For each saved manager by name: its folder `swarm` under the engine's data root, as a gzipped tar. */
    managers: ReadonlyMap<string, Buffer>;
}
