// The swarm as its managers see it: what can be read and changed in it, and how processes take turns to change who
// manages it.
import { SkepError } from "../errors";
import { type Sighting } from "../planning/adoption";
import {
    type EngineInfo,
    type NodeSpec,
    SWARM_PORT,
    type SwarmInfo,
    type SwarmNode,
    type SwarmService,
    type SwarmTask,
} from "../planning/engine-api";
import { memberOf, mayStep, type Refusal, type Step } from "../planning/membership";
import type { Context } from "./context";
import type { CallOptions } from "./engine";
import { drain, DRAIN_MS } from "./drain";
import { HostFailure, ifExists, NoManager, otherSwarm } from "./failures";
import { Host, PROBE_MS, WRITE_MS } from "./host";
import { withLease } from "./lease";
import type { HostInput } from "./ssh";
import { exclusively, pause, until } from "./wait";

const PAUSE_MS = 500;
/** A manager that answered this recently is asked again, without a look at which others answer. */
const FRESH_MS = 1000;
/** Managers elect a new leader 14 to 16 s after they lost one. It takes longer if the leader was cut off. */
export const ELECTION_MS = 45_000;
/** How long a look at the swarm may take. It is short because every preview, up and destroy begins with one. */
const OBSERVE_MS = 16_000;
/** How long to wait while no engine can be reached at all. All hosts may be restarting, but that is unlikely. */
const RESTART_MS = 6000;
/** How long a step waits for others that must come first. */
const TURN_MS = 180_000;
const TURN_POLL_MS = 1000;
/** The first resource of a command waits for a swarm that does not answer. The others use its result for this long. */
const IN_VAIN_MS = 60_000;

/** When each swarm last did not answer, by the swarm's id. */
const lookedInVain = new Map<string, number>();

/** A step was refused. The problem says why, and the advice says what would change that. */
export class Refused extends SkepError {}

export interface TurnOptions {
    /** How many milliseconds the step waits for others that must come first. Default: 3 minutes. */
    patienceMs?: number;
    /** Takes no lease. The only manager cannot renew it while its own engine is down. Default: false. */
    unleased?: boolean;
}

/** The swarm as its managers see it. Every call goes to a manager that answers now; none is held across a wait. */
export class Swarm {
    private answered?: { host: Host; at: number };

    constructor(
        readonly managers: readonly Host[],
        readonly id: string,
        readonly ctx: Context,
        /** How many milliseconds a call waits for a manager that answers. The default outlasts an election. */
        private readonly patienceMs = ELECTION_MS,
        /** How many milliseconds a drained member's tasks get to stop. */
        readonly drainMs = DRAIN_MS,
    ) {}

    /** The swarm with this id, which these hosts manage. `drainSeconds` is how long a drain waits for tasks. */
    static of(managers: readonly HostInput[], id: string, ctx: Context, drainSeconds?: number): Swarm {
        const drainMs = drainSeconds === undefined ? undefined : drainSeconds * 1000;
        return new Swarm(managers.map(Host.of), id, ctx, undefined, drainMs);
    }

    /** The same swarm through its other managers, for work during which this host stops managing or is down. */
    without({ address }: { address: string }): Swarm {
        const others = this.managers.filter((manager) => manager.address !== address);
        return new Swarm(others, this.id, this.ctx, this.patienceMs, this.drainMs);
    }

    /**
     * The same swarm with other limits: this signal ends its waits, it waits at most this long for a manager that answers,
     * and a drained member's tasks get this long to stop.
     */
    during({ signal = this.ctx.signal, patienceMs = this.patienceMs, drainMs = this.drainMs }): Swarm {
        return new Swarm(this.managers, this.id, { ...this.ctx, signal }, patienceMs, drainMs);
    }

    /**
     * The swarm, or undefined if it does not answer. A swarm that does not answer must not keep anyone from seeing what
     * is there, or from destroying it.
     */
    async ifSeen(): Promise<Swarm | undefined> {
        if (Date.now() - (lookedInVain.get(this.id) ?? 0) < IN_VAIN_MS) return undefined;
        const seen = this.during({ patienceMs: OBSERVE_MS });
        try {
            await seen.manager();
            return seen;
        } catch (error) {
            if (!(error instanceof SkepError)) throw error;
            lookedInVain.set(this.id, Date.now());
            return undefined;
        }
    }

    /** What each manager host reports about its membership. A host that does not answer has an error instead. */
    look(): Promise<Sighting<Host>[]> {
        return Promise.all(this.managers.map((host) => host.look()));
    }

    /**
     * A manager that answers now and has a majority behind it. Waits out an election and a restart of the engines. Throws
     * NoManager if none answers in time.
     */
    async manager(timeoutMs = PROBE_MS): Promise<Host> {
        if (this.answered && Date.now() - this.answered.at < FRESH_MS) return this.answered.host;
        const began = Date.now();
        for (;;) {
            try {
                const host = await this.firstManager(timeoutMs);
                this.answered = { host, at: Date.now() };
                return host;
            } catch (error) {
                if (!(error instanceof NoManager) || !error.passes) throw error;
                const most = this.managers.length === 0 ? 0 : error.noHostAnswers ? RESTART_MS : ELECTION_MS;
                const isOver = Date.now() - began >= Math.min(this.patienceMs, most);
                if (this.ctx.signal.aborted || isOver) throw error;
            }
            await pause(PAUSE_MS, this.ctx.signal);
        }
    }

    private async firstManager(timeoutMs: number): Promise<Host> {
        const probes = this.managers.map(async (host) => {
            const { ID } = await host.call<SwarmInfo>("GET", "/swarm", {
                timeoutMs: Math.min(timeoutMs, PROBE_MS),
            });
            if (ID !== this.id) throw otherSwarm(host.name);
            return host;
        });
        try {
            const first = await Promise.any(probes);
            lookedInVain.delete(this.id);
            return first;
        } catch (error) {
            const { errors } = error as AggregateError;
            const bug: unknown = errors.find((each) => !(each instanceof HostFailure));
            throw bug ?? new NoManager(errors as HostFailure[]);
        }
    }

    /** Sends one request to a manager that answers now. */
    async call<T = unknown>(method: string, path: string, options?: CallOptions): Promise<T> {
        const host = await this.manager(options?.timeoutMs);
        try {
            return await host.call<T>(method, path, options);
        } catch (error) {
            this.answered = undefined;
            throw error;
        }
    }

    /** The swarm's specification, version and join tokens. */
    inspect(): Promise<SwarmInfo> {
        return this.call("GET", "/swarm");
    }

    /** All members of the swarm. */
    members(): Promise<SwarmNode[]> {
        return this.call("GET", "/nodes");
    }

    /** The member with this node id; undefined if there is none. */
    node(id: string): Promise<SwarmNode | undefined> {
        return ifExists(this.call<SwarmNode>("GET", `/nodes/${id}`));
    }

    /** The time of a manager's clock in milliseconds since 1970. This machine's clock may be another one. */
    async clock(): Promise<number> {
        const { SystemTime = "" } = await this.call<EngineInfo>("GET", "/info");
        return Date.parse(SystemTime) || Date.now();
    }

    tasks(filter: Record<string, string[]>): Promise<SwarmTask[]> {
        return this.call("GET", `/tasks?${filters(filter)}`);
    }

    services(filter: Record<string, string[]>): Promise<SwarmService[]> {
        return this.call("GET", `/services?${filters(filter)}`);
    }

    /** The current unlock key; empty without autolock. */
    async unlockKey(): Promise<string> {
        const { UnlockKey } = await this.call<{ UnlockKey?: string }>("GET", "/swarm/unlockkey", {
            timeoutMs: WRITE_MS,
        });
        return UnlockKey ?? "";
    }

    /** The addresses, `host:port`, at which a new member finds managers. */
    async managerAddresses(): Promise<string[]> {
        const reachable = (await this.members()).flatMap(({ ManagerStatus }) =>
            ManagerStatus?.Reachability === "reachable" ? [ManagerStatus.Addr ?? ""] : [],
        );
        const usable = reachable.filter((address) => address !== "" && !address.startsWith("0.0.0.0"));
        return usable.length > 0 ? usable : [`${(await this.manager()).address}:${SWARM_PORT}`];
    }

    /** Changes a member's specification. Tries again if someone else was faster. */
    updateNode(id: string, change: (spec: NodeSpec) => NodeSpec): Promise<void> {
        return this.change(`the change of member ${id}`, `/nodes/${id}`, change);
    }

    /** Changes the swarm's specification. Tries again if someone else was faster. */
    update(change: (spec: SwarmInfo["Spec"]) => SwarmInfo["Spec"]): Promise<void> {
        return this.change("the change of the swarm", "/swarm", change);
    }

    /**
     * Changes the object at `path` by compare-and-swap on its version. Writes nothing if `change` changes nothing. `what`
     * names the change in messages. `more` are further parameters of the update.
     */
    async change<S>(what: string, path: string, change: (spec: S) => S, more?: string): Promise<void> {
        const attempt = async () => {
            const { Spec, Version } = await this.call<{ Spec: S; Version: { Index: number } }>("GET", path);
            const body = change(structuredClone(Spec));
            if (JSON.stringify(body) === JSON.stringify(Spec)) return true;
            const query = `version=${Version.Index}${more === undefined ? "" : `&${more}`}`;
            await this.call("POST", `${path}/update?${query}`, { body, timeoutMs: WRITE_MS });
            return true;
        };
        await until(what, attempt, 2 * WRITE_MS, this.ctx);
    }

    /** Drains the member, so that its tasks move elsewhere, and waits until they have stopped. See drain.ts. */
    drain(nodeId: string, name: string): Promise<void> {
        return drain(this, nodeId, name);
    }

    /**
     * Does `work` that changes who votes or who can vote. Processes take turns: one change at a time, each only when
     * planning/membership.ts allows it at that moment. Waits for what must come first, and throws `Refused` if that does
     * not come. `what` names the step, as in "manager-2 joins". The work gets the swarm with a signal that also aborts
     * when the lease is lost.
     */
    async takeTurn<T>(
        step: Step,
        what: string,
        work: (turn: Swarm) => Promise<T>,
        options: TurnOptions = {},
    ): Promise<T> {
        const { signal } = this.ctx;
        const end = Date.now() + (options.patienceMs ?? TURN_MS);
        let told: string | undefined;
        for (;;) {
            const attempt = () => this.attempt(step, what, work, options);
            const tried = await exclusively(this.id, attempt, signal);
            if ("done" in tried) return tried.done;
            const { wait, problem } = tried.refused;
            if (!wait || Date.now() >= end || signal.aborted) throw new Refused([problem]);
            if (told !== problem.problem) this.ctx.log(`waiting before ${what}: ${problem.problem}`);
            told = problem.problem;
            await pause(TURN_POLL_MS, signal);
        }
    }

    private async attempt<T>(
        step: Step,
        what: string,
        work: (turn: Swarm) => Promise<T>,
        { unleased = false }: TurnOptions,
    ): Promise<{ done: T } | { refused: Refusal }> {
        const refusal = async () => mayStep((await this.members()).map(memberOf), step);
        // Ask before taking the lease as well: a step that waits for a dead manager must not write twice a second.
        const refused = await refusal();
        if (refused) return { refused };
        if (unleased) return { done: await work(this) };
        const swarm = () => this.during({ patienceMs: 0 });
        const purpose = `the turn for ${what}`;
        return withLease({ swarm, purpose, signal: this.ctx.signal }, async (signal) => {
            const changed = await refusal();
            if (changed) return { refused: changed };
            return { done: await work(this.during({ signal })) };
        });
    }
}

/** The query parameter that filters a list. */
export function filters(filter: Record<string, string[]>): string {
    return `filters=${encodeURIComponent(JSON.stringify(filter))}`;
}
