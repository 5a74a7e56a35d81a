// The swarm as a whole: made once, or adopted; locked or not; left by all at the end.
import { skepError } from "../../errors";
import type { Context, Props, Resource } from "../runtime/types";
import { inputsOf, membership, unreachable, updateSwarm, WRITE_MS, type Membership } from "./engine";
import { reasonOf } from "./failures";
import type { HostInput } from "./host";
import { remote, type Remote } from "./ssh";
import { until } from "./wait";

const INIT_MS = 30_000;
const UNLOCK_MS = 20_000;
const QUORUM_MS = 60_000;
const LEAVE_MS = 8000;
const COMPUTED = ["clusterId", "unlockKey", "previousUnlockKey"];

/** A manager host's answer, or why there is none. */
interface Sighting {
    host: HostInput;
    member?: Membership;
    error?: string;
}

export const cluster: Resource = {
    required: ["managers", "autolock", "addressPool"],
    defaults: { subnetSize: 24 },
    computed: COMPUTED,
    stable: ["clusterId"],
    secretOutputs: ["unlockKey", "previousUnlockKey"],
    replaceOn: ["addressPool", "subnetSize"],
    deleteBeforeReplace: true,
    ignoreInDiff: ["managers"],
    refreshBeforeUpdate: true,

    check({ managers }) {
        if (!Array.isArray(managers) || managers.length > 0) return [];
        return [{ property: "managers", reason: "a swarm needs at least one manager" }];
    },

    async create(inputs, ctx) {
        const sightings = await look(inputs.managers);
        const found = theOneCluster(sightings);
        if (!found) refuseUnsafe(sightings);
        const clusterId = found ?? (await initialise(inputs));
        if (found) ctx.log(`adopting the swarm ${clusterId}`);
        const engine = await usable(inputs.managers, clusterId, [], ctx);
        if (found) await setAutolock(engine, inputs.autolock, ctx);
        const unlockKey = await currentKey(engine);
        return { id: clusterId, outs: { clusterId, unlockKey, previousUnlockKey: "" } };
    },

    async update(id, olds, inputs, ctx) {
        const engine = await usable(inputs.managers, id, keysIn(olds), ctx);
        await setAutolock(engine, inputs.autolock, ctx);
        return { clusterId: id, ...keys(olds, await currentKey(engine)) };
    },

    async read(id, state, ctx) {
        const sightings = await look(state.managers);
        if (sightings.every(({ member }) => member?.state === "inactive")) return {};
        const engine = await usable(state.managers, id, keysIn(state), ctx, sightings);
        const { Spec } = await engine.call("GET", "/swarm");
        const autolock = Spec.EncryptionConfig?.AutoLockManagers ?? false;
        const inputs = { ...inputsOf(state, COMPUTED), autolock };
        const outs = { ...inputs, clusterId: id, ...keys(state, await currentKey(engine)) };
        return { id, outs, inputs };
    },

    async delete(id, state) {
        await Promise.all(state.managers.map((host: HostInput) => leave(host, id)));
    },
};

function look(hosts: readonly HostInput[]): Promise<Sighting[]> {
    const ask = async (host: HostInput): Promise<Sighting> => {
        try {
            return { host, member: await membership(host) };
        } catch (error) {
            return { host, error: reasonOf(error) };
        }
    };
    return Promise.all(hosts.map(ask));
}

/** The id of the swarm that these hosts manage, if they do; two of them cannot be made one. */
function theOneCluster(sightings: readonly Sighting[]): string | undefined {
    const managing = sightings.filter(({ member }) => member?.isManager && member.clusterId);
    const ids = [...new Set(managing.map(({ member }) => member?.clusterId))];
    if (ids.length <= 1) return ids[0];
    const who = managing.map(({ host, member }) => `${host.name} in ${member?.clusterId}`).join(", ");
    throw skepError(
        "CLUSTER_SPLIT",
        `The manager hosts belong to different swarms: ${who}.`,
        "Let the hosts of the swarm that is to go leave it with `docker swarm leave --force`.",
    );
}

/** A second swarm beside one that only is out of sight could never be merged with it. */
function refuseUnsafe(sightings: readonly Sighting[]): void {
    const unseen = sightings.filter(({ member }) => !member);
    if (unseen.length > 0) {
        throw skepError(
            "CLUSTER_HOST_UNREACHABLE",
            `Not every manager host answers: ${unseen.map(({ error }) => error).join("; ")}.`,
            "Start these hosts; a swarm is only made when no host can be in one already.",
        );
    }
    const locked = namesOf(sightings, ({ state }) => state === "locked");
    if (locked) {
        throw skepError(
            "CLUSTER_LOCKED",
            `The swarm on ${locked} is locked, and its unlock key is not in this deployment's state.`,
            "Unlock it there with `docker swarm unlock`, then run the same command again.",
        );
    }
    const busy = namesOf(sightings, ({ state }) => state !== "inactive");
    if (busy) {
        throw skepError(
            "CLUSTER_HOST_BUSY",
            `These hosts are in a swarm that none of them can manage now: ${busy}.`,
            "Restore that swarm's quorum, or let the hosts leave it with `docker swarm leave --force`.",
        );
    }
}

function namesOf(sightings: readonly Sighting[], matches: (member: Membership) => boolean): string {
    const found = sightings.filter(({ member }) => member && matches(member));
    return found.map(({ host }) => host.name).join(", ");
}

async function initialise({ managers, autolock, addressPool, subnetSize }: Props): Promise<string> {
    const [first]: HostInput[] = managers;
    if (!first) throw unreachable([]);
    const body = {
        ListenAddr: "0.0.0.0:2377",
        AdvertiseAddr: first.address,
        DefaultAddrPool: [addressPool],
        SubnetSize: subnetSize,
        Spec: { EncryptionConfig: { AutoLockManagers: autolock } },
    };
    await remote(first).call("POST", "/swarm/init", body, INIT_MS);
    const { ID } = await remote(first).call("GET", "/swarm");
    return ID;
}

/** A manager of this cluster that answers; locked ones are opened first. */
async function usable(
    hosts: readonly HostInput[],
    clusterId: string,
    known: readonly string[],
    ctx: Context,
    seen?: readonly Sighting[],
): Promise<Remote> {
    const sightings = seen ?? (await look(hosts));
    const found = theOneCluster(sightings);
    if (found && found !== clusterId) throw foreign(clusterId, found);
    // Without quorum a manager does not know its cluster's id.
    const active = sightings.filter(({ member }) => member?.isManager).map(({ host }) => host);
    const locked = sightings.filter(({ member }) => member?.state === "locked").map(({ host }) => host);
    if (locked.length > 0) {
        const fresh = await Promise.all(active.map((host) => currentKey(remote(host)).catch(() => "")));
        const shut = await unlock(locked, [...fresh, ...known], ctx);
        if (active.length === 0 && shut.length === locked.length) throw stillLocked(shut);
    }
    const candidates = [...active, ...locked];
    if (candidates.length === 0) throw unreachable(sightings.flatMap(({ error }) => error ?? []));
    return until("a manager with quorum", () => firstWithQuorum(candidates, clusterId), QUORUM_MS, ctx);
}

/** Also a manager that was unlocked just now may turn out to be in another swarm. */
async function firstWithQuorum(hosts: readonly HostInput[], clusterId: string): Promise<Remote> {
    const probes = hosts.map(async (host) => {
        const { ID } = await remote(host).call("GET", "/swarm");
        if (ID !== clusterId) throw foreign(clusterId, ID);
        return remote(host);
    });
    return Promise.any(probes).catch((error: AggregateError) => {
        throw new Error(error.errors.map(reasonOf).join("; "));
    });
}

/** Opens what the keys open; answers with the names of the hosts that stay locked. */
async function unlock(hosts: readonly HostInput[], keys: readonly string[], ctx: Context): Promise<string[]> {
    const usableKeys = [...new Set(keys)].filter((key) => key !== "");
    const opened = await Promise.all(hosts.map((host) => unlockOne(host, usableKeys)));
    const names = hosts.filter((_host, index) => opened[index]).map(({ name }) => name);
    if (names.length > 0) ctx.log(`unlocked ${names.join(", ")}`);
    const shut = hosts.filter((_host, index) => !opened[index]).map(({ name }) => name);
    if (shut.length > 0) ctx.log(`no known unlock key opens ${shut.join(", ")}`, "warning");
    return shut;
}

function stillLocked(names: readonly string[]): Error {
    return skepError(
        "CLUSTER_LOCKED",
        `The swarm on ${names.join(", ")} is locked, and no unlock key in this deployment's state opens it.`,
        "Unlock it there with `docker swarm unlock`, then run the same command again.",
    );
}

async function unlockOne(host: HostInput, keys: readonly string[]): Promise<boolean> {
    for (const UnlockKey of keys) {
        try {
            await remote(host).call("POST", "/swarm/unlock", { UnlockKey }, UNLOCK_MS);
            return true;
        } catch {
            // Without quorum the answer never comes though the key was right: the state tells.
            const now = await membership(host).catch(() => undefined);
            if (now && now.state !== "locked") return true;
        }
    }
    return false;
}

function foreign(expected: string, found: string): Error {
    return skepError(
        "CLUSTER_FOREIGN",
        `The manager hosts are in the swarm ${found}, this deployment made ${expected}.`,
        "Let them leave that swarm with `docker swarm leave --force`, or destroy this deployment first.",
    );
}

async function setAutolock(engine: Remote, autolock: boolean, ctx: Context): Promise<void> {
    const { Spec } = await engine.call("GET", "/swarm");
    if ((Spec.EncryptionConfig?.AutoLockManagers ?? false) === autolock) return;
    const change = (spec: Props) => ({ ...spec, EncryptionConfig: { AutoLockManagers: autolock } });
    await updateSwarm(engine, change, ctx.signal);
}

async function currentKey(engine: Remote): Promise<string> {
    const { UnlockKey } = await engine.call("GET", "/swarm/unlockkey", undefined, WRITE_MS);
    return UnlockKey ?? "";
}

function keysIn(state: Props): string[] {
    return [state.unlockKey ?? "", state.previousUnlockKey ?? ""];
}

/** A manager that was away during a rotation still opens with the key before. */
function keys(state: Props, unlockKey: string): Props {
    const before = state.unlockKey ?? "";
    const rotated = before !== "" && before !== unlockKey;
    return { unlockKey, previousUnlockKey: rotated ? before : (state.previousUnlockKey ?? "") };
}

/** Bounded, and without complaint: a host that is gone has nothing left to leave. */
async function leave(host: HostInput, clusterId: string): Promise<void> {
    const member = await membership(host, 4000).catch(() => undefined);
    if (!member || member.state === "inactive") return;
    if (member.clusterId && member.clusterId !== clusterId) return;
    await remote(host)
        .call("POST", "/swarm/leave?force=1", undefined, LEAVE_MS)
        .catch(() => undefined);
}
