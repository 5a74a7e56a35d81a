// The configuration that cloud-init applies at the first boot, the same on EC2 and in the lab. A test compares the text with
// a snapshot, because a changed text would replace hosts.

import { stringify } from "yaml";

export interface UserData {
    /** The host's name, such as `manager-1`. */
    hostname: string;
    /** The login that gets sudo and the authorized key. */
    user: string;
    /** The OpenSSH public key that may log in. */
    authorizedKey: string;
    /** The OpenSSH host key for the first contact; then the host makes its own (scripts/host/hostkey.sh). */
    hostKey: { privateKey: string; publicKey: string };
}

/** Renders a `#cloud-config` document. It holds a private SSH host key: treat the text as secret. */
export function renderUserData({ hostname, user, authorizedKey, hostKey }: UserData): string {
    const document = {
        hostname,
        // The host's own name must not resolve to 127.0.1.1: swarm would advertise an address that its peers cannot reach.
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
        // Nobody uses keys of other kinds: the pinned one is Ed25519.
        ssh_genkeytypes: [],
        package_update: false,
    };
    return `#cloud-config\n${stringify(document, { lineWidth: 0 })}`;
}

/** Renders NoCloud's meta-data. A new instance id makes cloud-init run again. */
export function renderMetaData(instanceId: string, hostname: string): string {
    return stringify({ "instance-id": instanceId, "local-hostname": hostname });
}
