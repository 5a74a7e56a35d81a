// Reboots hosts of a swarm one after another: each is drained, reboots, is unlocked, and the swarm has to be as well as
// before until the next one's turn.
import { type Problem, SkepError } from "../errors";
import { type RolloutHost, nextBatch } from "../planning/rollout";
import { drainRefused } from "../planning/spare";
import type { PlacedHost } from "./checks/check";
import type { Context } from "./context";
import { mayPass } from "./failures";
import type { Host } from "./host";
import { inMaintenance } from "./maintenance";
import { drainView } from "./make-room";
import { pausePoint } from "./pause-point";
import { Gate, interrupted, stopped } from "./rollout-gate";
import { hostScript } from "./scripts";
import { orProblems } from "./snapshot";
import type { Swarm } from "./swarm";
import { until } from "./wait";

const LOOK_MS = 10_000;
/** Machines of clouds are back after a minute or two. */
const REBOOT_MS = 600_000;
/** How often a host that reboots is asked whether it is back, in milliseconds. */
const POLL_MS = 1000;

/**
 * Reboots the hosts of these names: managers one at a time, the leader last, then workers. `hosts` are all hosts of the
 * swarm. Throws SERVICE_CANNOT_SPARE or ROLLOUT_UNWELL before anything is touched, and ROLLOUT_STOPPED with the reason if it
 * ends at a host. Returns the names in the order in which they rebooted.
 */
export async function rebootInTurn(
    swarm: Swarm,
    hosts: readonly PlacedHost[],
    names: readonly string[],
): Promise<string[]> {
    const { ctx } = swarm;
    const due = new Set(names);
    const done: string[] = [];
    if (due.size === 0) return done;
    const gate = new Gate(swarm, hosts, true);
    await gate.before([]);
    await refuseDrains(
        swarm,
        hosts.filter(({ host }) => due.has(host.name)),
    );
    for (;;) {
        const [next] = nextBatch(await rolloutHosts(swarm, hosts, due), 1);
        if (!next) return done;
        if (ctx.signal.aborted) throw interrupted("before the next host");
        const { name, placed } = next;
        due.delete(name);
        ctx.log(`${name} reboots (${due.size === 0 ? "the last one" : `${due.size} to go after it`})`);
        const ended = await orProblems(
            inMaintenance(swarm, [placed.host], reboot).then(() => gate.after([name], 0)),
        );
        if (ctx.signal.aborted) throw interrupted(`at ${name}`);
        const wrong = "problems" in ended ? ended.problems : ended.value;
        if (wrong.length > 0) throw stopped(wrong, [name], [...due]);
        done.push(name);
        await pausePoint(`reboot:passed:${name}`, ctx);
    }
}

/** Throws SERVICE_CANNOT_SPARE if a service could not do without one of the hosts while it is drained. */
async function refuseDrains(swarm: Swarm, hosts: readonly PlacedHost[]): Promise<void> {
    const view = await drainView(swarm, []);
    const problems: Problem[] = hosts.flatMap(({ nodeId }) => drainRefused({ ...view, draining: [nodeId] }));
    if (problems.length > 0) throw new SkepError(problems);
}

/** The hosts as a rollout sees them now: the swarm says who manages and who leads. */
async function rolloutHosts(
    swarm: Swarm,
    hosts: readonly PlacedHost[],
    due: ReadonlySet<string>,
): Promise<(RolloutHost & { placed: PlacedHost })[]> {
    const members = await swarm.members();
    return hosts.map((placed) => {
        const { host, zone, nodeId, role } = placed;
        const member = members.find(({ ID }) => ID === nodeId);
        return {
            ...{ name: host.name, zone, placed },
            role: member?.Spec.Role ?? role,
            isLeader: member?.ManagerStatus?.Leader ?? false,
            ...(due.has(host.name) && { work: "restart" as const }),
        };
    });
}

/** Reboots one host and waits until its system runs anew. Its engine may still be starting then. */
async function reboot(host: Host, ctx: Context): Promise<void> {
    const before = await bootOf(host, "look", ctx);
    await bootOf(host, "reboot", ctx).catch((error: unknown) => {
        // The host may be gone before it has answered.
        if (!mayPass(error)) throw error;
    });
    const isBack = async () => (await bootOf(host, "look", ctx)) !== before;
    await until(`${host.name} to come back from its reboot`, isBack, REBOOT_MS, { ...ctx, pollMs: POLL_MS });
}

/** Names this run of the host's system. */
async function bootOf(host: Host, MODE: "look" | "reboot", { signal }: Context): Promise<string> {
    // A script of Skep's that works on the host ends first.
    const script = MODE === "reboot" ? hostScript("lock", "reboot") : hostScript("reboot");
    const options = MODE === "reboot" ? { signal } : { signal, timeoutMs: LOOK_MS };
    return (await host.script<{ boot: string }>(script, { MODE }, options)).boot;
}
