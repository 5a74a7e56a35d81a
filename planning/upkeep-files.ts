// The files on hosts that belong to `skep:upkeep`. No I/O.

import { createHash } from "node:crypto";
import type { HostFile } from "./host-files";

/** What a host does for itself. */
export interface Upkeep {
    /** The host's name, which says when it does its work. */
    host: string;
    /** After how many days an image that nothing uses is removed. Default: never. */
    pruneDays?: number;
    /** References of images that stay all the same: those of Skep's own stacks. */
    keptImages: readonly string[];
    /** The text of scripts/host/prune.sh. */
    pruneScript: string;
    /** Whether the host installs security upgrades by itself. */
    securityUpgrades: boolean;
    /** The size of the reserve on this host's disk, in MiB. 0: none. */
    reserveMib: number;
}

const NIGHT_SECONDS = 6 * 3600;
const PRUNE_SCRIPT = "/usr/local/sbin/skep-prune";

/** The files by path. scripts/host/files.sh starts the timer, installs what upgrades need, and makes the reserve. */
export function upkeepFiles(upkeep: Upkeep): Record<string, HostFile> {
    const { host, pruneDays, keptImages, pruneScript, securityUpgrades, reserveMib } = upkeep;
    return {
        ...(pruneDays !== undefined && {
            "/etc/skep/prune": { content: [pruneDays, ...keptImages].map((line) => `${line}\n`).join("") },
            [PRUNE_SCRIPT]: { content: pruneScript, mode: "755" },
            "/etc/systemd/system/skep-prune.service": { content: PRUNE_UNIT },
            "/etc/systemd/system/skep-prune.timer": { content: pruneTimer(host) },
        }),
        ...(securityUpgrades && {
            "/etc/apt/apt.conf.d/60skep-upgrades": { content: UPGRADES },
            "/etc/needrestart/conf.d/60-skep.conf": { content: NEEDRESTART },
        }),
        ...(reserveMib > 0 && { "/etc/skep/reserve": { content: `${reserveMib}\n` } }),
    };
}

const PRUNE_UNIT = `[Unit]
Description=Removal of images that nothing has used for long
After=docker.service

[Service]
Type=oneshot
ExecStart=${PRUNE_SCRIPT}
Nice=10
IOSchedulingClass=idle
TimeoutStartSec=30min
`;

/**
 * A timer for every night. systemd's own random delay depends on the machine's id, which all hosts of a lab share, so the
 * moment comes from the host's name.
 */
function pruneTimer(host: string): string {
    const second = createHash("sha256").update(host).digest().readUInt32BE(0) % NIGHT_SECONDS;
    const time = new Date(second * 1000).toISOString().slice(11, 19);
    return `[Unit]
Description=Removal of images that nothing has used for long, every night

[Timer]
OnCalendar=*-*-* ${time}
AccuracySec=1s

[Install]
WantedBy=timers.target
`;
}

// Which upgrades count as security is the distribution's own choice (50unattended-upgrades). Packages of engines are held
// already; the list also covers a hold that somebody took away.
const UPGRADES = `APT::Periodic::Enable "1";
APT::Periodic::Update-Package-Lists "1";
APT::Periodic::Unattended-Upgrade "1";
Unattended-Upgrade::Package-Blacklist { "docker-"; "docker\\.io"; "containerd"; "runc"; };
Unattended-Upgrade::Automatic-Reboot "false";
Unattended-Upgrade::Automatic-Reboot-WithUsers "false";
`;

// needrestart runs after apt where it is installed, on Ubuntu for example, and restarts services whose libraries changed.
const NEEDRESTART = `$nrconf{override_rc}{qr(^(docker|containerd)\\b)} = 0;
`;
