// A backup's data goes back onto managers: onto one that is made the only one, or onto a majority that then goes on as it
// was. All engines that had other data of the swarm leave it first.
import type { OpenArchive } from "../../planning/recovery/manifest";
import type { RestorePlan } from "../../planning/recovery/restore";
import { skepError } from "../../errors";
import type { Context } from "../context";
import { ifAnswered } from "../failures";
import type { Host } from "../host";
import { Swarm } from "../swarm";
import { removeGhosts, startAlone, untilAnswers } from "./force";
import { putData, settleData, startEngine, stopEngine } from "./manager-data";

const MAJORITY_MS = 180_000;

/** Restores the managers of the plan. `managers` are all manager hosts. Returns the swarm, which has a majority then. */
export async function putBack(
    { way, managers: names }: RestorePlan,
    archive: OpenArchive,
    managers: readonly Host[],
    ctx: Context,
): Promise<Swarm> {
    const chosen = managers.filter(({ name }) => names.includes(name));
    // A member with newer data would overrule the ones that come back, or keep them waiting.
    await Promise.all(
        managers
            .filter((host) => !chosen.includes(host))
            .map((host) => ifAnswered(host.leave({ force: true }))),
    );
    return way === "majority" ? together(chosen, archive, ctx) : alone(chosen[0]!, archive, ctx);
}

async function alone(host: Host, archive: OpenArchive, ctx: Context): Promise<Swarm> {
    const { clusterId, autolock } = archive.manifest;
    const data = await replaceData(host, archive, ctx);
    const swarm = await startAlone(host, data, { clusterId, autolock, unlockKeys: [archive.unlockKey] }, ctx);
    await removeGhosts(swarm);
    return swarm;
}

async function together(hosts: readonly Host[], archive: OpenArchive, ctx: Context): Promise<Swarm> {
    await Promise.all(hosts.map((host) => replaceData(host, archive, ctx)));
    await Promise.all(hosts.map((host) => startEngine(host, ctx)));
    await Promise.all(hosts.map((host) => untilAnswers(host, ctx)));
    ctx.log(`opening ${hosts.map(({ name }) => name).join(", ")}`);
    // All at once: an engine says that it is open only when a majority is.
    const opened = await Promise.all(
        hosts.map(async (host) => !archive.manifest.autolock || (await host.unlock([archive.unlockKey]))),
    );
    const shut = hosts.filter((_host, index) => !opened[index]);
    if (shut.length > 0)
        throw skepError(
            "KEY_WRONG",
            `The backup's unlock key does not open ${shut.map(({ name }) => name).join(", ")}.`,
            "Restore from one manager: --from NAME, or take another backup.",
        );
    const swarm = new Swarm(hosts, archive.manifest.clusterId, ctx, MAJORITY_MS);
    await swarm.manager();
    await Promise.all(hosts.map((host) => settleData(host, ctx)));
    return swarm;
}

async function replaceData(host: Host, { managers }: OpenArchive, ctx: Context) {
    const data = managers.get(host.name);
    if (!data) throw new Error(`the archive has no data of ${host.name}`);
    await stopEngine(host, ctx);
    return putData(host, data, ctx);
}
