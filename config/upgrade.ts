// How engines of a standing swarm change, `skep:upgrade`: host by host, and how many at once.

import { z } from "zod";
import { choice, duration, group, list, text } from "./values";

const AT_ONCE =
    'it must be a number of workers from 1 to 100, or a share of all workers from "1%" to "100%", in quotes';

export const upgradeSchema = group({
    /** How many workers change at once, always of one zone: a number, or a share of all workers such as "20%". Default 1. */
    workersAtOnce: z
        .union(
            [
                z.int({ error: AT_ONCE }).min(1, { error: AT_ONCE }).max(100, { error: AT_ONCE }),
                z
                    .string()
                    .regex(/^(100|[1-9]\d?)%$/, { error: AT_ONCE })
                    .transform((share) => share as `${number}%`),
            ],
            { error: AT_ONCE },
        )
        .default(1),
    /** How long the first host of a change is watched before the others follow. Default `30s`. */
    soak: duration("30s", 0).prefault("30s"),
    /** How long to wait between hosts. Default `0s`. */
    pause: duration("5m", 0).prefault("0s"),
    /** Whether `up` asks on a terminal: not at all, after the first host, or after each. Default `none`. */
    confirm: choice(["none", "first", "each"]).default("none"),
    /** The hosts that a change may reach. All others keep what they have. Default: all hosts. */
    hosts: list(
        text(/^(manager|worker)-\d+$/, "a host's name, such as worker-2"),
        "hosts' names, such as [worker-2]",
        {
            min: 1,
        },
    ).optional(),
});

export type UpgradeSettings = z.output<typeof upgradeSchema>;
