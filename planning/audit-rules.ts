// The rules by which auditd notes who used or changed what belongs to the engine (CIS 1.1). No I/O.

export const AUDIT_FILE = "/etc/audit/rules.d/60-skep-docker.rules";

/** Programs, data, units and settings of the engine, in the order of the benchmark. */
const AUDITED = [
    "/usr/bin/dockerd",
    "/run/containerd",
    "/var/lib/docker",
    "/etc/docker",
    "/usr/lib/systemd/system/docker.service",
    "/run/containerd/containerd.sock",
    "/usr/lib/systemd/system/docker.socket",
    "/etc/default/docker",
    "/etc/docker/daemon.json",
    "/etc/containerd/config.toml",
    "/usr/bin/containerd",
    "/usr/bin/containerd-shim-runc-v2",
    "/usr/bin/runc",
];

/** The text of the file. auditd leaves out a rule for a path that the host does not have, and takes the others (`-c`). */
export function auditText(): string {
    return `-c\n${AUDITED.map((path) => `-w ${path} -k docker\n`).join("")}`;
}
