// `skep reboot`: reboots hosts one after another, while the others do their work. Needs no run of Pulumi.

import { SkepError, skepError } from "../../errors";
import { listed } from "../../planning/sentence";
import { rebootInTurn } from "../../swarm/reboot";
import { hostSight } from "../../swarm/snapshot";
import { ELECTION_MS } from "../../swarm/swarm";
import { confirmed } from "../confirm";
import type { Options } from "../options";
import { printJson, printNext } from "../print";
import { hostNamed, onStanding, type Standing } from "../stack/standing";
import { settingsOf } from "../stack/wanted";

export interface RebootOptions extends Options {
    /** The hosts that have to reboot, as `status` names them. */
    needed?: boolean;
}

/** Reboots the hosts of these names, or those that have to. Throws REBOOT_WHICH if neither is given, or both. */
export async function reboot(names: readonly string[], options: RebootOptions): Promise<void> {
    if ((names.length === 0) === !options.needed)
        throw skepError(
            "REBOOT_WHICH",
            names.length === 0 ? "No host is named." : "Hosts are named, and --needed finds them itself.",
            "Name hosts, such as worker-1, or give --needed alone.",
        );
    await onStanding(options, async (standing) => {
        const due = options.needed
            ? await needed(standing)
            : names.map((name) => hostNamed(standing, name).name);
        const asks = due.length > 0 && process.stdin.isTTY && !options.yes;
        if (asks && !(await confirmed(`Reboot ${listed(due)}, one after another?`, options))) return;
        const rebooted = await rebootAll(standing, due);
        if (options.json) return printJson({ rebooted });
        console.log(rebooted.length === 0 ? "No host has to reboot." : `Rebooted ${listed(rebooted)}.`);
        printNext(options, "status");
    });
}

/** The names of hosts that have to reboot. Throws why a host could not be asked: it may be one of them. */
async function needed({ hosts, progress, ctx }: Standing): Promise<string[]> {
    const sights = await progress.step("Asking every host whether it has to reboot", () =>
        Promise.all(hosts.map((host) => hostSight(host, ctx.signal))),
    );
    const problems = sights.flatMap((sight) => (sight.shell ? [] : sight.problems));
    if (problems.length > 0) throw new SkepError(problems);
    return sights.filter(({ shell }) => shell?.reboot !== undefined).map(({ name }) => name);
}

async function rebootAll(
    { stack, swarm, hosts, progress }: Standing,
    due: readonly string[],
): Promise<string[]> {
    if (due.length === 0) return [];
    const seconds = (await settingsOf(stack))?.drainTimeout;
    const drainMs = seconds === undefined ? undefined : seconds * 1000;
    // Outlasts elections: a leader is among the hosts.
    const patient = swarm.during({ patienceMs: ELECTION_MS, drainMs });
    return progress.step(`Rebooting ${listed(due)}`, () => rebootInTurn(patient, hosts, due));
}
