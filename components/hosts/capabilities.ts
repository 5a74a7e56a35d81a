// The privileges of a lab host's container, with the reason for each: the fewest with which systemd, an engine, its
// containers and overlay networks work inside. They were found by leaving out one after another.
// components/hosts/lab.ts creates the hosts; lab/host has their image.

/** A Linux capability of a lab host, and why the host needs it. */
export interface Capability {
    name: string;
    /** Its bit in a set of capabilities (linux/capability.h). */
    bit: bigint;
    reason: string;
}

/**
 * The capabilities that an engine gives each of its containers by default. The engine inside a lab host does the same, and
 * cannot give what the host lacks: `docker run` inside would fail with "unable to apply caps".
 */
const ENGINE_DEFAULTS: readonly Capability[] = [
    {
        name: "AUDIT_WRITE",
        bit: 29n,
        reason: "containers inside get it; sudo reports to the kernel's audit log",
    },
    { name: "CHOWN", bit: 0n, reason: "containers inside get it; systemd does not start without" },
    { name: "DAC_OVERRIDE", bit: 1n, reason: "containers inside get it; systemd does not start without" },
    {
        name: "FOWNER",
        bit: 3n,
        reason: "containers inside get it; unpacking packages and images sets modes of others' files",
    },
    { name: "FSETID", bit: 4n, reason: "containers inside get it; unpacking keeps set-user-id bits" },
    { name: "KILL", bit: 5n, reason: "containers inside get it; systemd ends services of other users" },
    {
        name: "MKNOD",
        bit: 27n,
        reason: "containers inside get it; overlay file systems mark deleted files by device nodes",
    },
    { name: "NET_BIND_SERVICE", bit: 10n, reason: "containers inside get it; sshd listens on port 22" },
    { name: "NET_RAW", bit: 13n, reason: "containers inside get it; iptables opens raw sockets" },
    { name: "SETFCAP", bit: 31n, reason: "containers inside get it; unpacking keeps file capabilities" },
    { name: "SETGID", bit: 6n, reason: "containers inside get it; services run as groups of their own" },
    { name: "SETPCAP", bit: 8n, reason: "containers inside get it; systemd and runc drop capabilities" },
    { name: "SETUID", bit: 7n, reason: "containers inside get it; services run as users of their own" },
    { name: "SYS_CHROOT", bit: 18n, reason: "containers inside get it; sshd locks up its unprivileged half" },
];

/**
 * Further capabilities of a lab host. SYS_TIME, SYS_MODULE and SYS_RAWIO are never among them: they open the machine's clock,
 * kernel and devices.
 */
const BEYOND_DEFAULTS: readonly Capability[] = [
    {
        name: "NET_ADMIN",
        bit: 12n,
        reason: "the engine inside makes bridges, VXLAN links, routes and firewall rules",
    },
    {
        name: "SYS_ADMIN",
        bit: 21n,
        reason: "systemd and the engine inside mount file systems and make namespaces and control groups",
    },
    {
        name: "SYS_PTRACE",
        bit: 19n,
        reason: "engines from 28 on open the network namespace of containers that run as another user, under /proc",
    },
];

/** Capabilities that a host gets where the machine has them. */
const WHERE_THERE: readonly Capability[] = [
    {
        name: "IPC_LOCK",
        bit: 14n,
        reason: "containers inside may ask for it to keep memory from swap, as Vault does",
    },
    {
        name: "SYS_NICE",
        bit: 23n,
        reason: "containers inside may ask for it to set priorities, as databases do",
    },
    {
        name: "SYS_RESOURCE",
        bit: 24n,
        reason: "the engine inside raises limits (memlock, nofile) for containers",
    },
];

/** All capabilities that every lab host has. It drops all others, except those that the machine may lack. */
export const LAB_HOST_CAPABILITIES: readonly Capability[] = [...ENGINE_DEFAULTS, ...BEYOND_DEFAULTS];

/** Names of the capabilities of a new lab host on a machine with this `/proc/self/status`; none is assumed without it. */
export function capabilitiesOn(status: string | undefined): string[] {
    const { wished } = withheldOn(status);
    return [...LAB_HOST_CAPABILITIES, ...WHERE_THERE]
        .map(({ name }) => name)
        .filter((name) => !wished.includes(name));
}

/**
 * Names of the capabilities that a machine with this `/proc/self/status` withholds: those that every lab host needs, and
 * those that it gets where they are there.
 */
export function withheldOn(status: string | undefined): { needed: string[]; wished: string[] } {
    const [, bounding = "0"] = /^CapBnd:\s*([0-9a-f]+)$/m.exec(status ?? "") ?? [];
    const lacks = ({ bit }: Capability) => ((BigInt(`0x${bounding}`) >> bit) & 1n) === 0n;
    const missing = (all: readonly Capability[]) => all.filter(lacks).map(({ name }) => name);
    return { needed: missing(LAB_HOST_CAPABILITIES), wished: missing(WHERE_THERE) };
}

/** The other settings of a lab host's container, as Docker's API (HostConfig) names them, with the reason for each. */
export const LAB_HOST_OPTIONS = {
    /** Docker's seccomp and AppArmor profiles refuse mounts, whatever the capabilities. */
    securityOpts: ["seccomp=unconfined", "apparmor=unconfined"],
    /** systemd must see the container's own control group as the root. */
    cgroupnsMode: "private",
    /** systemd needs these empty at each start. Packages run programs in /tmp, so it allows that. */
    tmpfs: {
        "/run": "rw,nosuid,nodev,mode=755",
        "/run/lock": "rw,nosuid,nodev,noexec",
        "/tmp": "rw,nosuid,nodev,exec",
    },
    /** These paths need volumes: the engine inside cannot put overlays on the container's own overlay file system. */
    volumes: ["/var/lib/docker", "/var/lib/containerd"],
    /** systemd's signal for "halt": it stops services in order, in about a third of a second. */
    stopSignal: "SIGRTMIN+3",
    /** How long Docker waits for a host to stop its engine gracefully. */
    stopTimeoutSeconds: 20,
    /**
     * `systemctl reboot` inside ends the container with code 0, so "on-failure" would leave it down. With "unless-stopped",
     * hosts also come back after a restart of the machine; a host stopped by `docker stop` or `docker kill` stays down.
     */
    restart: "unless-stopped",
} as const;
