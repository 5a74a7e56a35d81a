// Settings of the swarm as a whole, `skep:swarm`.

import { z } from "zod";
import { days, duration, group, whole } from "./values";

/** The port of overlay networks in a swarm that was made without another. */
export const DATA_PATH_PORT = 4789;

const DAY_SECONDS = 86_400;

export const swarmSchema = group({
    /** The number of ended tasks that the swarm keeps for each replica. Default: as it is, 5 in a new swarm. */
    taskHistory: whole(0, 1000, 5).optional(),
    /** The number of entries of the managers' log between two snapshots. Default: as it is, 10000 in a new swarm. */
    snapshotInterval: whole(1, 1_000_000, 10_000).optional(),
    /** How often a node reports to the managers: `5s`. Default: as it is, 5 seconds in a new swarm. */
    heartbeat: duration("5s").optional(),
    /** How long nodes' certificates last: `90d`. Default: as it is, 90 days in a new swarm. */
    certificateExpiry: days("90d")
        .transform((number) => number * DAY_SECONDS)
        .optional(),
    /** The UDP port of overlay networks. A standing stack cannot change it. Default 4789. */
    dataPathPort: whole(1024, 49151, DATA_PATH_PORT)
        .refine((given) => given !== 7946, {
            error: "it must be another port: 7946 is for the nodes' gossip",
        })
        .optional(),
});

export type SwarmSettings = z.output<typeof swarmSchema>;
