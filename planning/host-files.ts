// The files that Skep keeps on every host: the authorities that its engine trusts, the registry's addresses, the SSH host
// key, what the host does for itself. daemon-settings.ts has the engine's own settings. No I/O.

import { AUDIT_FILE, auditText } from "./audit-rules";
import { type HostProxy, proxyFiles } from "./host-proxy";
import { type Upkeep, upkeepFiles } from "./upkeep-files";

export interface HostFile {
    content: string;
    /** Permissions in octal digits. Default 644. */
    mode?: string;
}

export interface HostFilesArgs {
    /** The certificate of the stack's authority, PEM. */
    ca: string;
    /** The engine tries the addresses in order until one answers. */
    registry: { name: string; port: number; addresses: readonly string[] };
    /** Whether a host with auditd audits what belongs to the engine. */
    auditRules: boolean;
    /** The engine's server certificate. With it the engine answers on 2376, to clients of the same authority only. */
    engine?: { certificate: string; privateKey: string };
    /** The proxy of the host's apt and engine. Default: none. */
    proxy?: HostProxy;
    /** What the host does for itself. */
    upkeep: Upkeep;
    /** The text of scripts/host/hosts.sh. */
    hostsScript: string;
}

const TLS = "/etc/docker/tls";
const HOSTS_SCRIPT = "/usr/local/sbin/skep-hosts";
const SYSCTL_FILE = "/etc/sysctl.d/60-skep.conf";

/** All files that Skep keeps on a host, by path. */
export function renderHostFiles({
    ca,
    registry,
    auditRules,
    engine,
    proxy,
    upkeep,
    hostsScript,
}: HostFilesArgs): Record<string, HostFile> {
    return {
        // CIS 3.8
        [`/etc/docker/certs.d/${registry.name}:${registry.port}/ca.crt`]: {
            content: lines(ca),
            mode: "444",
        },
        ...(auditRules && { [AUDIT_FILE]: { content: auditText(), mode: "640" } }),
        "/etc/skep/hosts": {
            content: registry.addresses.map((address) => `${address} ${registry.name} # skep\n`).join(""),
        },
        [HOSTS_SCRIPT]: { content: hostsScript, mode: "755" },
        "/etc/systemd/system/skep-hosts.service": { content: HOSTS_UNIT },
        // IPVS forgets a connection after 900 s without traffic (moby/moby#31208), so keepalive probes must come sooner.
        [SYSCTL_FILE]: { content: "net.ipv4.tcp_keepalive_time = 600\n" },
        // sshd shows only the key that the host made itself (scripts/host/hostkey.sh).
        "/etc/ssh/sshd_config.d/10-skep.conf": { content: "HostKey /etc/ssh/skep_host_key\n" },
        ...(proxy && proxyFiles(proxy)),
        ...upkeepFiles(upkeep),
        ...(engine && {
            // CIS 3.10, 3.12 and 3.14
            [`${TLS}/ca.pem`]: { content: lines(ca), mode: "444" },
            [`${TLS}/cert.pem`]: { content: lines(engine.certificate), mode: "444" },
            [`${TLS}/key.pem`]: { content: lines(engine.privateKey), mode: "400" },
            // A "hosts" entry in daemon.json would clash with the unit's own -H fd://.
            "/etc/systemd/system/docker.service.d/skep-api.conf": { content: API_UNIT },
        }),
    };
}

function lines(text: string): string {
    return `${text.trimEnd()}\n`;
}

// A container's systemd applies no sysctls at its start.
const HOSTS_UNIT = `[Unit]
Description=Names of the swarm's registry in /etc/hosts, and keepalives
Before=docker.service

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=${HOSTS_SCRIPT}
ExecStart=-/sbin/sysctl -q -p ${SYSCTL_FILE}

[Install]
WantedBy=multi-user.target
`;

const API_UNIT = `[Service]
ExecStart=
ExecStart=/usr/bin/dockerd -H fd:// -H tcp://0.0.0.0:2376 --containerd=/run/containerd/containerd.sock --tlsverify --tlscacert=${TLS}/ca.pem --tlscert=${TLS}/cert.pem --tlskey=${TLS}/key.pem
`;
