// First-boot configuration for real cloud-init, the same on EC2 and in the lab. Text is compared with snapshots:
// a change here would replace hosts.

import { stringify } from "yaml";

export interface UserData {
    /** The host's name, such as `manager-1`. */
    hostname: string;
    /** Login with sudo and the authorized key. */
    user: string;
    /** OpenSSH public key that may log in. */
    authorizedKey: string;
    /** OpenSSH key pair that the host shows at the first contact; it then makes one of its own (scripts/host/hostkey.sh). */
    hostKey: { privateKey: string; publicKey: string };
}

/** A `#cloud-config` document. It holds the host's private SSH key: treat the text as secret. */
export function renderUserData({ hostname, user, authorizedKey, hostKey }: UserData): string {
    const document = {
        hostname,
        // The host's own name must not resolve to 127.0.1.1: swarm would advertise what its peers cannot reach.
        manage_etc_hosts: false,
        preserve_hostname: false,
        users: [
            {
                name: user,
                shell: "/bin/bash",
                groups: ["sudo"],
                sudo: "ALL=(ALL) NOPASSWD:ALL",
                lock_passwd: true,
                ssh_authorized_keys: [authorizedKey.trim()],
            },
        ],
        disable_root: true,
        ssh_pwauth: false,
        ssh_deletekeys: true,
        ssh_keys: { ed25519_private: hostKey.privateKey, ed25519_public: hostKey.publicKey.trim() },
        // Only the pinned kind of key is of use to anybody.
        ssh_genkeytypes: [],
        package_update: false,
    };
    return `#cloud-config\n${stringify(document, { lineWidth: 0 })}`;
}

/** NoCloud's meta-data beside it. A new instance id makes cloud-init run again. */
export function renderMetaData(instanceId: string, hostname: string): string {
    return stringify({ "instance-id": instanceId, "local-hostname": hostname });
}
