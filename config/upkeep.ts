// What hosts do for themselves while they stand, `skep:upkeep`.

import { z } from "zod";
import { days, flag, group, whole } from "./values";

export const upkeepSchema = group({
    /**
     * Every night between 0 and 6 UTC, each host at a moment of its own, hosts remove images that nothing on them has used
     * for so long: `7d`. Images of containers, running or stopped, stay, and so do images that came from no registry, and on managers all
     * that services name. Default: never, because only you know whether the registry that an image came from still has it.
     */
    pruneImages: days("7d").optional(),
    /**
     * Whether hosts install security upgrades every day, by Debian's unattended-upgrades. Engines and held packages stay,
     * nothing restarts an engine, and no host reboots by itself. Default false: the hosts do what their machine image does.
     * Upgrades also change libraries and kernels, and those who run a swarm want to choose the day.
     */
    securityUpgrades: flag().default(false),
    /**
     * The size in MiB of a file on each manager's disk that you remove when the disk is full, so that the manager can write
     * its log again. A host makes it only where four times as much is free. 0: none. Default 256, which a disk does not
     * miss, while a manager that cannot write is lost to the swarm.
     */
    reserveMib: whole(0, 65_536, 256).default(256),
});

export type UpkeepSettings = z.output<typeof upkeepSchema>;
