// The swarm as a whole: created once or adopted, locked or not, and left by all hosts at the end.
import { formatProblem, SkepError } from "../../errors";
import { hostsIn, isGone, whyUnusable } from "../../planning/adoption";
import { majority } from "../../planning/membership";
import { settingsIn } from "../../planning/swarm-settings";
import { applySettings, findOrMake, open, setAutolock, type NewSwarm } from "../../swarm/adopt";
import { Host } from "../../swarm/host";
import { disband } from "../../swarm/leave";
import {
    formerKeys,
    keysAfterChange,
    keysNow,
    type KnownKeys,
    type UnlockKeys,
    withoutUseless,
} from "../../swarm/rotate/kept-keys";
import { rotate, type Rotations } from "../../swarm/rotate/rotations";
import type { HostInput } from "../../swarm/ssh";
import { Swarm } from "../../swarm/swarm";
import { NotConverged, type Props, type Resource, UNKNOWN } from "../runtime/types";
import { inputsOf } from "./inputs";
import { mayLose, refuseRemade, refuseReplaced, remade } from "./plan-guard";

const COMPUTED = ["clusterId", "unlockKey", "formerUnlockKeys", "rekeyed", "locked", "emptyHosts"] as const;

type Inputs = NewSwarm & { managers: HostInput[]; rotations?: Rotations };
type Outs = UnlockKeys & {
    clusterId: string;
    /** Names of the managers that no key opened. */
    locked: string[];
    /** The manager hosts, if all of them were found to be in no swarm; else empty. */
    emptyHosts: HostInput[];
};
type State = Inputs & Outs & KnownKeys;

export const cluster: Resource = {
    required: ["managers", "autolock", "addressPool"],
    defaults: { subnetSize: 24 },
    computed: COMPUTED,
    stable: ["clusterId"],
    secretOutputs: ["unlockKey", "formerUnlockKeys", "emptyHosts"],
    replaceOn: ["addressPool", "subnetSize", "dataPathPort"],
    deleteBeforeReplace: true,
    ignoreInDiff: ["managers"],
    refreshBeforeUpdate: true,

    check({ managers }: Props) {
        if (!Array.isArray(managers) || managers.length > 0) return [];
        return [{ property: "managers", reason: "a swarm needs at least one manager" }];
    },

    /** A swarm that the user gives up goes together with its managers' hosts. */
    replaces(olds: Props, inputs: Props, ctx) {
        const gone = remade(managersIn(olds), managersIn(inputs));
        return mayLose(ctx) && gone.length >= majority(managersIn(olds).length) ? ["managers"] : [];
    },

    async guard({ id, olds, inputs, replaced }, ctx) {
        if (mayLose(ctx)) return;
        const swarm = Swarm.of(managersIn(olds), id, ctx);
        if (replaced) return refuseReplaced(swarm, ctx);
        const planned = remade(managersIn(olds), managersIn(inputs, isUnmade));
        await refuseRemade(swarm, ctx, planned);
    },

    /** An update opens locked managers; reading never does. It also brings a key that somebody else made into the outputs. */
    drift: ({ locked = [], rekeyed }: Partial<State>) => [
        ...(locked.length > 0 ? ["locked"] : []),
        ...(rekeyed ? ["rekeyed"] : []),
    ],

    async create(inputs: Inputs, ctx) {
        if (mayLose(ctx)) await leaveLocked(inputs.managers);
        const { swarm, locked } = await findOrMake(inputs.managers.map(Host.of), inputs, ctx);
        const keys = { unlockKey: await swarm.unlockKey(), formerUnlockKeys: [], rekeyed: false };
        return { id: swarm.id, outs: { clusterId: swarm.id, ...keys, locked, emptyHosts: [] } };
    },

    async update(id, olds: State, inputs: Inputs, ctx): Promise<Outs> {
        const swarm = Swarm.of(inputs.managers, id, ctx);
        const sightings = await swarm.look();
        if (isGone(sightings)) {
            // Pulumi keeps no inputs of an update that failed, and these hosts are the ones to look at next.
            const { clusterId, unlockKey, rekeyed, locked } = olds;
            const keys = { unlockKey, formerUnlockKeys: formerKeys(olds), rekeyed };
            const outs = { clusterId, ...keys, locked, emptyHosts: inputs.managers };
            throw new NotConverged(id, outs, [formatProblem(whyUnusable(sightings))]);
        }
        const locked = await open(swarm, [olds.unlockKey ?? "", ...formerKeys(olds)]);
        await setAutolock(swarm, inputs.autolock);
        await applySettings(swarm, inputs.settings);
        await rotate(swarm, inputs.rotations ?? {}, olds.rotations ?? {});
        // The state gets a new key at once: until then, only open managers know it. A later read sees who has confirmed it.
        const keys = { ...(await keysAfterChange(swarm, olds)), rekeyed: false };
        return { clusterId: id, locked, emptyHosts: [], ...keys };
    },

    async read(id, state: State, ctx) {
        const managers = state.emptyHosts?.length > 0 ? state.emptyHosts : state.managers;
        const all = Swarm.of(managers, id, ctx);
        const sightings = await all.look();
        if (isGone(sightings)) return {};
        const inputs = inputsOf(state, [...COMPUTED, "previousUnlockKey"]);
        // The state stays as it was, so that destroy works. The next up calls update, which repairs the swarm or fails.
        const unusable = () => new NotConverged(id, {}, [formatProblem(whyUnusable(sightings))]);
        const swarm = await all.ifSeen();
        if (!swarm) throw unusable();
        try {
            const { Spec } = await swarm.inspect();
            const autolock = Spec.EncryptionConfig?.AutoLockManagers ?? false;
            const locked = hostsIn(sightings, "locked").map(({ name }) => name);
            const keys = await withoutUseless(swarm, await keysNow(swarm, state));
            const outs = { clusterId: id, locked, emptyHosts: [], ...keys };
            const { settings } = state;
            const found = { ...inputs, autolock, ...(settings && { settings: settingsIn(Spec, settings) }) };
            return { id, outs: { ...found, ...outs }, inputs: found };
        } catch (error) {
            throw error instanceof SkepError ? unusable() : error;
        }
    },

    delete: (id, { managers }: State, ctx) => disband(managers.map(Host.of), id, ctx),
};

function managersIn({ managers }: Props, wanted: (host: HostInput) => boolean = () => true): HostInput[] {
    return Array.isArray(managers) ? (managers as HostInput[]).filter(wanted) : [];
}

/**
 * Makes locked hosts leave the swarm that the user gives up: a new container of a lab has the data of the one before, and
 * nobody has its key any more.
 */
async function leaveLocked(managers: readonly HostInput[]): Promise<void> {
    const sightings = await Promise.all(managers.map((host) => Host.of(host).look()));
    await Promise.all(hostsIn(sightings, "locked").map((host) => host.leave({ force: true })));
}

/** Whether a plan has yet to make the host. */
function isUnmade({ id }: { id: unknown }): boolean {
    return id === UNKNOWN;
}
