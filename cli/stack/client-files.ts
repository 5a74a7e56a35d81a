// Files for the user's own clients: certificates for `docker context`, an SSH key and the hosts' pinned keys.

import { join } from "node:path";
import { writeWhole } from "../../scripts/setup/cache";
import { clientFolder } from "../../config/folders";
import type { Outputs } from "./outputs";

const SECRET_MODE = 0o600;

/** The output `ssh`: how this machine reaches the hosts. */
export interface SshOutput {
    user: string;
    privateKey: string;
    /** A host has a key of its own once the stack's key was rotated: while it was down, it keeps the one before. */
    hosts: { name: string; host: string; port: number; hostKey: string; privateKey?: string }[];
}

/** Writes all files, readable by this user only. Returns their folder. */
export async function writeClientFiles(stack: string, outputs: Outputs): Promise<string> {
    const folder = clientFolder(stack);
    const { ssh } = outputs;
    const known = join(folder, "known_hosts");
    const files: Record<string, string> = {
        "ca.pem": outputs.ca,
        "cert.pem": outputs.clientCertificate,
        "key.pem": outputs.clientKey,
        "ssh-key": ssh.privateKey,
        known_hosts: ssh.hosts.map((host) => `${knownAs(host)} ${host.hostKey}\n`).join(""),
        "ssh-config": ssh.hosts
            .map(
                (host) =>
                    `Host ${host.name}\n  HostName ${host.host}\n  Port ${host.port}\n  User ${ssh.user}\n` +
                    `  IdentityFile "${join(folder, "ssh-key")}"\n  UserKnownHostsFile "${known}"\n` +
                    `  HostKeyAlgorithms ${host.hostKey.split(" ")[0]}\n  StrictHostKeyChecking yes\n`,
            )
            .join(""),
    };
    for (const [name, text] of Object.entries(files)) await writeWhole(join(folder, name), text, SECRET_MODE);
    return folder;
}

/** The host's name in known_hosts: ssh looks for the bare name if the port is the usual one. */
function knownAs({ host, port }: { host: string; port: number }): string {
    return port === 22 ? host : `[${host}]:${port}`;
}
