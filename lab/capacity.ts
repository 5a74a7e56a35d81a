// Whether this machine's kernel allows as many lab hosts to boot as a stack asks for.

import { readFile } from "node:fs/promises";
import { skepError } from "../errors";
import { STACK_LABEL } from "../planning/labels";
import { dockerClient } from "../scripts/setup/docker";
import { isGateway } from "./hosts";

/** Where the kernel says how many inotify instances a user may have. */
export const INOTIFY_LIMIT = "/proc/sys/fs/inotify/max_user_instances";
/**
 * The inotify instances of one host. Measured: systemd and its services hold six; without one, systemd does not start
 * ("Too many open files").
 */
const WATCHES_OF_A_HOST = 6;
/** The inotify instances of everything else that runs as root. Measured: 10 to 20. */
const WATCHES_OF_OTHERS = 20;

/** How many lab hosts may run at once with this limit of inotify instances. All containers share root's limit. */
export function hostsWithin(limit: number): number {
    return Math.max(0, Math.floor((limit - WATCHES_OF_OTHERS) / WATCHES_OF_A_HOST));
}

/**
 * Throws LAB_TOO_LARGE if these lab hosts and those of other stacks are more than can boot: the last ones would never
 * answer.
 */
export async function refuseTooManyHosts(stack: string, wanted: number): Promise<void> {
    const limit = Number(await readFile(INOTIFY_LIMIT, "utf8").catch(() => Infinity));
    const running = await dockerClient().listContainers({ filters: { label: [STACK_LABEL] } });
    const hosts = running.filter(({ Labels }) => !isGateway(Labels));
    const others = hosts.filter(({ Labels }) => Labels[STACK_LABEL] !== stack).length;
    const possible = hostsWithin(limit);
    if (wanted + others <= possible) return;
    throw skepError(
        "LAB_TOO_LARGE",
        `This machine's kernel lets ${possible} lab hosts boot (fs.inotify.max_user_instances is ${limit}), and with ${others} of other stacks there would be ${wanted + others}.`,
        `Raise it with: sudo sysctl fs.inotify.max_user_instances=1024`,
    );
}
