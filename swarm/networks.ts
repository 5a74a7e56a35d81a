// The overlay networks of a swarm.
import { filters, type Swarm } from "./swarm";

export interface SwarmNetwork {
    Id: string;
    Name: string;
    /** Whether it is the network of the routing mesh. */
    Ingress?: boolean;
    Options?: Record<string, string> | null;
}

/** All overlay networks that services of the swarm can be on, and that of the routing mesh. */
export function overlays(swarm: Swarm): Promise<SwarmNetwork[]> {
    return swarm.call("GET", `/networks?${filters({ driver: ["overlay"], scope: ["swarm"] })}`);
}

/** Whether packets between nodes are encrypted on the network. */
export function isEncrypted({ Options }: Pick<SwarmNetwork, "Options">): boolean {
    return "encrypted" in (Options ?? {});
}
