// The swarm as a whole: made once, or adopted; locked or not; left by all at the end.
import { formatProblem } from "../../errors";
import { NotConverged, type Context, type Props, type Resource } from "../runtime/types";
import { inputsOf, membership, observer, updateSwarm } from "../../swarm/engine";
import type { HostInput } from "../../swarm/host";
import { unlockKey } from "../../swarm/join";
import { pausePoint } from "../../swarm/pause-point";
import { open } from "../../swarm/reopen";
import { isGone, look, namesOf, refuseUnsafe, theOneCluster, whyUnusable } from "../../swarm/survey";
import { remote, type Remote } from "../../swarm/ssh";
import { isBug } from "../../swarm/wait";

const INIT_MS = 30_000;
const LEAVE_MS = 8000;
const COMPUTED = ["clusterId", "unlockKey", "previousUnlockKey", "locked", "emptyHosts"];

export const cluster: Resource = {
    required: ["managers", "autolock", "addressPool"],
    defaults: { subnetSize: 24 },
    computed: COMPUTED,
    stable: ["clusterId"],
    secretOutputs: ["unlockKey", "previousUnlockKey", "emptyHosts"],
    replaceOn: ["addressPool", "subnetSize"],
    deleteBeforeReplace: true,
    ignoreInDiff: ["managers"],
    refreshBeforeUpdate: true,

    check({ managers }) {
        if (!Array.isArray(managers) || managers.length > 0) return [];
        return [{ property: "managers", reason: "a swarm needs at least one manager" }];
    },

    /** Locked managers are opened by an update, never by merely looking. */
    drift: (state) => (state.locked?.length > 0 ? ["locked"] : []),

    async create(inputs, ctx) {
        const sightings = await look(inputs.managers);
        const found = theOneCluster(sightings);
        if (!found) refuseUnsafe(sightings);
        const clusterId = found ?? (await initialise(inputs));
        if (!found) await pausePoint("cluster:made", ctx);
        if (found) ctx.log(`adopting the swarm ${clusterId}`);
        const { engine, locked } = await open(inputs.managers, clusterId, [], ctx);
        if (found) await setAutolock(engine, inputs.autolock, ctx);
        const outs = { clusterId, unlockKey: await unlockKey(engine), previousUnlockKey: "", locked };
        return { id: clusterId, outs: { ...outs, emptyHosts: [] } };
    },

    async update(id, olds, inputs, ctx) {
        const sightings = await look(inputs.managers);
        if (isGone(sightings)) {
            // The engine keeps no input of an update that failed, and these hosts are the ones to look at next.
            const outs = { ...outsOf(olds), emptyHosts: inputs.managers };
            throw new NotConverged(id, outs, [formatProblem(whyUnusable(sightings))]);
        }
        const { engine, locked } = await open(inputs.managers, id, keysIn(olds), ctx);
        await setAutolock(engine, inputs.autolock, ctx);
        return { clusterId: id, locked, emptyHosts: [], ...keys(olds, await unlockKey(engine)) };
    },

    async read(id, state, ctx) {
        const managers: HostInput[] = state.emptyHosts?.length > 0 ? state.emptyHosts : state.managers;
        const sightings = await look(managers);
        if (sightings.every(({ member }) => member?.state === "inactive")) return {};
        const inputs = inputsOf(state, COMPUTED);
        // Kept in state as it was, so that destroy works; the next up calls update, which mends it or fails.
        const unusable = () => new NotConverged(id, {}, [formatProblem(whyUnusable(sightings))]);
        const engine = await observer(managers, id, ctx);
        if (!engine) throw unusable();
        try {
            const { Spec } = await engine.call("GET", "/swarm");
            const autolock = Spec.EncryptionConfig?.AutoLockManagers ?? false;
            const locked = namesOf(sightings, ({ state }) => state === "locked");
            const outs = { clusterId: id, locked, emptyHosts: [], ...keys(state, await unlockKey(engine)) };
            return { id, outs: { ...inputs, autolock, ...outs }, inputs: { ...inputs, autolock } };
        } catch (error) {
            throw isBug(error) ? error : unusable();
        }
    },

    async delete(id, state) {
        await Promise.all(state.managers.map((host: HostInput) => leave(host, id)));
    },
};

async function initialise({ managers, autolock, addressPool, subnetSize }: Props): Promise<string> {
    const [first]: HostInput[] = managers;
    if (!first) throw new Error("a cluster has at least one manager");
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

async function setAutolock(engine: Remote, autolock: boolean, ctx: Context): Promise<void> {
    const { Spec } = await engine.call("GET", "/swarm");
    if ((Spec.EncryptionConfig?.AutoLockManagers ?? false) === autolock) return;
    const change = (spec: Props) => ({ ...spec, EncryptionConfig: { AutoLockManagers: autolock } });
    await updateSwarm(engine, change, ctx.signal);
}

/** Inputs are new ones, what only the swarm knew stays. */
function outsOf(state: Props): Props {
    return Object.fromEntries(COMPUTED.map((key) => [key, state[key]]));
}

function keysIn(state: Props): string[] {
    return [state.unlockKey ?? "", state.previousUnlockKey ?? ""];
}

/** A manager that was away during a rotation still opens with the key before. */
function keys(state: Props, now: string): Props {
    const before = state.unlockKey ?? "";
    const rotated = before !== "" && before !== now;
    return { unlockKey: now, previousUnlockKey: rotated ? before : (state.previousUnlockKey ?? "") };
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
