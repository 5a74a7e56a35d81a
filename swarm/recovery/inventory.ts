// What a swarm has now, for the manifest of a backup.
import type { SwarmNode, SwarmService } from "../../planning/engine-api";
import type {
    BackupManifest,
    SavedMember,
    SavedObject,
    SavedService,
} from "../../planning/recovery/manifest";
import { filters, type Swarm } from "../swarm";

interface Named {
    ID: string;
    Spec: { Name: string };
}

interface Network {
    Id: string;
    Name: string;
    Ingress?: boolean;
}

/** What a manifest has of a swarm beside the copies of its managers, and the engines of its members by node id. */
export interface Inventory extends Pick<BackupManifest, "autolock" | "members" | "objects"> {
    engines: ReadonlyMap<string, string>;
}

/** Asks a manager for everything that a restored swarm is compared with. Its secrets' names, never their content. */
export async function inventoryOf(swarm: Swarm): Promise<Inventory> {
    const scope = filters({ scope: ["swarm"] });
    const [{ Spec }, nodes, services, secrets, configs, networks] = await Promise.all([
        swarm.inspect(),
        swarm.members(),
        swarm.services({}),
        swarm.call<Named[]>("GET", "/secrets"),
        swarm.call<Named[]>("GET", "/configs"),
        swarm.call<Network[]>("GET", `/networks?${scope}`),
    ]);
    return {
        autolock: Spec.EncryptionConfig?.AutoLockManagers ?? false,
        members: byName(nodes.map(savedMember)),
        objects: {
            services: byName(services.map(savedService)),
            secrets: byName(secrets.map(savedObject)),
            configs: byName(configs.map(savedObject)),
            networks: byName(
                networks
                    .filter(({ Ingress }) => Ingress !== true)
                    .map(({ Id, Name }) => ({ name: Name, id: Id })),
            ),
        },
        engines: new Map(
            nodes.map(({ ID, Description }) => [ID, Description?.Engine?.EngineVersion ?? ""] as const),
        ),
    };
}

function savedMember({ ID, Spec, Description, Status, ManagerStatus }: SwarmNode): SavedMember {
    return {
        name: Description?.Hostname || ID,
        nodeId: ID,
        role: Spec.Role,
        // A manager may report 0.0.0.0 as its own address.
        address: ManagerStatus?.Addr?.replace(/:\d+$/, "") || Status?.Addr || "",
        availability: Spec.Availability,
        labels: Spec.Labels ?? {},
    };
}

function savedService({ ID, Spec }: SwarmService): SavedService {
    const { Mode, TaskTemplate } = Spec;
    return {
        name: Spec.Name,
        id: ID,
        image: TaskTemplate.ContainerSpec?.Image ?? "",
        replicas: Mode?.Replicated?.Replicas ?? Mode?.ReplicatedJob?.TotalCompletions ?? null,
    };
}

function savedObject({ ID, Spec }: Named): SavedObject {
    return { name: Spec.Name, id: ID };
}

function byName<T extends { name: string }>(all: readonly T[]): T[] {
    return [...all].sort((one, other) => one.name.localeCompare(other.name));
}
