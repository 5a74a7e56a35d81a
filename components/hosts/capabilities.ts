// What a lab host's container is allowed, and why: the fewest privileges with which systemd, an engine, its containers
// and overlay networks work inside. Measured by leaving out one after another.
// How hosts are created stands in components/hosts; what is in their image, in lab/host.

/** A Linux capability of a lab host and what fails without it. */
export interface Capability {
    name: string;
    reason: string;
}

/**
 * What an engine gives each of its containers unless told otherwise. The engine inside a lab host gives its containers
 * the same, and cannot give what the host lacks: `docker run` inside then ends with "unable to apply caps".
 */
const ENGINE_DEFAULTS: readonly Capability[] = [
    { name: "AUDIT_WRITE", reason: "containers inside get it; sudo reports to the kernel's audit log" },
    { name: "CHOWN", reason: "containers inside get it; systemd does not start without" },
    { name: "DAC_OVERRIDE", reason: "containers inside get it; systemd does not start without" },
    {
        name: "FOWNER",
        reason: "containers inside get it; unpacking packages and images sets modes of others' files",
    },
    { name: "FSETID", reason: "containers inside get it; unpacking keeps set-user-id bits" },
    { name: "KILL", reason: "containers inside get it; systemd ends services of other users" },
    {
        name: "MKNOD",
        reason: "containers inside get it; overlay file systems mark deleted files by device nodes",
    },
    { name: "NET_BIND_SERVICE", reason: "containers inside get it; sshd listens on port 22" },
    { name: "NET_RAW", reason: "containers inside get it; iptables opens raw sockets" },
    { name: "SETFCAP", reason: "containers inside get it; unpacking keeps file capabilities" },
    { name: "SETGID", reason: "containers inside get it; services run as groups of their own" },
    { name: "SETPCAP", reason: "containers inside get it; systemd and runc drop capabilities" },
    { name: "SETUID", reason: "containers inside get it; services run as users of their own" },
    { name: "SYS_CHROOT", reason: "containers inside get it; sshd locks up its unprivileged half" },
];

/** What a lab host has beyond that. Never SYS_TIME, SYS_MODULE, SYS_RAWIO: the machine's clock, kernel and devices. */
const BEYOND_DEFAULTS: readonly Capability[] = [
    { name: "NET_ADMIN", reason: "the engine inside makes bridges, VXLAN links, routes and firewall rules" },
    {
        name: "SYS_ADMIN",
        reason: "systemd and the engine inside mount file systems and make namespaces and control groups",
    },
    {
        name: "SYS_PTRACE",
        reason: "engines from 28 on open the network namespace of containers that run as another user, under /proc",
    },
];

/** Every capability of a lab host; all others are dropped. */
export const LAB_HOST_CAPABILITIES: readonly Capability[] = [...ENGINE_DEFAULTS, ...BEYOND_DEFAULTS];

/** The other settings of a lab host's container, in the words of Docker's API (HostConfig), and why. */
export const LAB_HOST_OPTIONS = {
    /** Mounting is refused by Docker's seccomp and AppArmor profiles, whatever the capabilities. */
    securityOpts: ["seccomp=unconfined", "apparmor=unconfined"],
    /** Its own control group is the root that systemd sees. */
    cgroupnsMode: "private",
    /** systemd wants these empty at each start, and programs unpacked in /tmp to run. */
    tmpfs: {
        "/run": "rw,nosuid,nodev,mode=755",
        "/run/lock": "rw,nosuid,nodev,noexec",
        "/tmp": "rw,nosuid,nodev,exec",
    },
    /** Paths that must not lie on the container's own overlay file system: overlays cannot be stacked on it. */
    volumes: ["/var/lib/docker", "/var/lib/containerd"],
    /** systemd's "halt": services are stopped in order, in about a third of a second. */
    stopSignal: "SIGRTMIN+3",
    /** Docker stops a host's engine gracefully within this. */
    stopTimeoutSeconds: 20,
    /**
     * `systemctl reboot` inside ends the container with code 0, so "on-failure" would leave it down; and after a restart
     * of the machine the hosts are back. A host stopped by `docker stop` or `docker kill` stays down.
     */
    restart: "unless-stopped",
} as const;
