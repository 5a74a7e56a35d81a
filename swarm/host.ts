// What the provider needs to know of a host: who it is, where it is, and how to get in.

/** A host as the program hands it over; `id` changes when the host is replaced, name and address do not. */
export interface HostInput {
    id: string;
    name: string;
    role: "manager" | "worker";
    zone: string;
    /** The private address that the other members of the swarm reach it by. */
    address: string;
    ssh: HostSsh;
}

/** How this machine reaches the host. */
export interface HostSsh {
    host: string;
    port: number;
    user: string;
    privateKey: string;
    /** The only host key that is accepted: `ssh-ed25519 AAAA...`. */
    hostKey: string;
}
