// A lock across processes and machines: a label in the swarm's own specification, taken and given back by
// compare-and-swap on the swarm's version. The holder renews it; a holder that dies loses it. No clocks are compared: a
// process that waits measures for itself how long the label has not changed. The holder measures from before its last
// renewal, and gives up well before others may take the lease.
import { randomUUID } from "node:crypto";
import { SkepError, skepError } from "../errors";
import type { SwarmInfo } from "../planning/engine-api";
import { reasonOf } from "../planning/sentence";
import type { CallOptions } from "./engine";
import { EngineError, mayPass } from "./failures";
import { pause } from "./wait";

const LEASE_LABEL = "io.skep.lease";
const ACQUIRE_MS = 240_000;
/** Failures during an election pass. A failure that lasts longer ends the wait. */
const FAILING_MS = 60_000;
/** How long giving back may take. An election may come in between, but an interrupted command has to end. */
const RELEASE_MS = 30_000;
const HASTY_RELEASE_MS = 2000;
const POLL_MS = 500;
const RETRY = "Run the same command again.";

/** When a lease is renewed, given up and taken over, in milliseconds. */
export interface LeaseTimes {
    /** Others may take the lease when it has not changed for this long. */
    expiryMs: number;
    /**
     * The holder gives up when it could not renew the lease for this long. This is longer than an election of managers
     * takes.
     */
    deadlineMs: number;
    /** A renewal begins this often, even while earlier ones hang: a request that meets a dying leader does. */
    renewalMs: number;
    /** Time limit of each request. */
    requestMs: number;
}

const TIMES: LeaseTimes = { expiryMs: 60_000, deadlineMs: 40_000, renewalMs: 5000, requestMs: 5000 };

export interface LeaseOptions {
    /** Returns the swarm. Called for each request, so that a manager that hung once is not asked again. */
    swarm: () => { call<T>(method: string, path: string, options: CallOptions): Promise<T> };
    /** What the lease is for, as in "the turn for manager-2 joins". */
    purpose: string;
    signal: AbortSignal;
    times?: LeaseTimes;
}

/**
 * Does `work` while no other process that asks for the swarm's lease does. The work's signal aborts when the lease is
 * lost. Throws SWARM_BUSY if the lease does not become free, and LEASE_LOST if the work fails after the lease was lost.
 */
export async function withLease<T>(
    options: LeaseOptions,
    work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
    const lease = new Lease(options, options.times ?? TIMES);
    await lease.acquire();
    let done: T;
    try {
        done = await work(AbortSignal.any([options.signal, lease.lost]));
    } catch (error) {
        await lease.release();
        throw lease.lost.aborted && !options.signal.aborted
            ? lostIn(options.purpose, lease.lost.reason)
            : error;
    }
    await lease.release();
    return done;
}

/** The error of work whose lease was lost: for a sentence that says why, LEASE_LOST; a bug stays what it is. */
function lostIn(purpose: string, reason: unknown): unknown {
    if (typeof reason !== "string") return reason;
    return skepError(
        "LEASE_LOST",
        `${reason} in the middle of ${purpose}.`,
        `See whether its managers have a majority. ${RETRY}`,
    );
}

class Lease {
    private readonly holder = randomUUID();
    private readonly ended = new AbortController();
    private renewals?: NodeJS.Timeout;
    private deadline?: NodeJS.Timeout;
    private beat = 0;
    private renewedAt = 0;

    constructor(
        private readonly options: LeaseOptions,
        readonly times: LeaseTimes,
    ) {
        if (!(times.renewalMs < times.deadlineMs && times.deadlineMs < times.expiryMs))
            throw new RangeError("a lease is renewed before its deadline, which comes before its expiry");
    }

    /** Aborts when the lease could not be renewed in time, or when someone else holds it. */
    get lost(): AbortSignal {
        return this.ended.signal;
    }

    async acquire(): Promise<void> {
        const { signal, purpose } = this.options;
        const { expiryMs } = this.times;
        const end = Date.now() + Math.max(ACQUIRE_MS, 2 * expiryMs);
        let seen: { value: string; since: number } | undefined;
        let failingSince: number | undefined;
        while (Date.now() < end) {
            if (signal.aborted)
                throw skepError("CANCELLED", `Interrupted while waiting for ${purpose}.`, RETRY);
            const began = Date.now();
            try {
                const { label, swap } = await this.look();
                if (label !== undefined && label !== seen?.value) seen = { value: label, since: Date.now() };
                const expired = seen !== undefined && Date.now() - seen.since >= expiryMs;
                // A write may have been carried out although its answer was lost. The label is then this holder's own,
                // and renewing it tells since when the lease is held.
                const isFree = label === undefined || this.isMine(label) || expired;
                if (isFree && (await swap(this.next()))) return this.keep(began);
                failingSince = undefined;
            } catch (error) {
                failingSince ??= began;
                if (!mayPass(error) || Date.now() - failingSince >= FAILING_MS) throw error;
            }
            await pause(POLL_MS, signal);
        }
        throw skepError(
            "SWARM_BUSY",
            `Waited in vain for ${purpose}: another Skep process changes the swarm's managers.`,
            `Let that end. ${RETRY}`,
        );
    }

    private keep(takenAt: number): void {
        this.renewed(takenAt);
        this.renewals = setInterval(() => void this.renew(), this.times.renewalMs);
    }

    private renewed(at: number): void {
        if (this.lost.aborted || at < this.renewedAt) return;
        this.renewedAt = at;
        clearTimeout(this.deadline);
        const { deadlineMs } = this.times;
        const why = `The swarm could not be written to for ${Math.round(deadlineMs / 1000)} s`;
        this.deadline = setTimeout(() => this.ended.abort(why), at + deadlineMs - Date.now());
    }

    private async renew(): Promise<void> {
        const began = Date.now();
        try {
            const { label, swap } = await this.look();
            if (this.renewals === undefined) return;
            if (!this.isMine(label)) this.ended.abort("Another Skep process took over");
            else if (await swap(this.next())) this.renewed(began);
        } catch (error) {
            // The deadline decides whether a passing failure matters. A bug ends the lease at once.
            if (mayPass(error)) return;
            this.ended.abort(error instanceof SkepError ? `The lease was lost (${reasonOf(error)})` : error);
        }
    }

    /** Gives the lease back. Best effort: a lease that is left behind expires. Throws bugs only. */
    async release(): Promise<void> {
        clearInterval(this.renewals);
        this.renewals = undefined;
        clearTimeout(this.deadline);
        const isHasty = this.options.signal.aborted || this.lost.aborted;
        const end = Date.now() + (isHasty ? HASTY_RELEASE_MS : RELEASE_MS);
        while (Date.now() < end) {
            try {
                const { label, swap } = await this.look();
                if (!this.isMine(label) || (await swap(undefined))) return;
            } catch (error) {
                if (!(error instanceof SkepError)) throw error;
                if (!mayPass(error)) return;
                await pause(POLL_MS);
            }
        }
    }

    private next(): string {
        this.beat += 1;
        return `${this.holder} ${this.beat}`;
    }

    private isMine(label: string | undefined): boolean {
        return label?.startsWith(`${this.holder} `) ?? false;
    }

    /** The current label, and a change of it that returns false if anyone was faster. */
    private async look() {
        const timeoutMs = this.times.requestMs;
        const { Spec, Version } = await this.call<SwarmInfo>("GET", "/swarm", { timeoutMs });
        const { [LEASE_LABEL]: label, ...others } = Spec.Labels ?? {};
        const swap = async (value: string | undefined): Promise<boolean> => {
            const Labels = value === undefined ? others : { ...others, [LEASE_LABEL]: value };
            const path = `/swarm/update?version=${Version?.Index}`;
            try {
                await this.call("POST", path, { body: { ...Spec, Labels }, timeoutMs });
                return true;
            } catch (error) {
                if (error instanceof EngineError && /out of sequence/.test(error.reason)) return false;
                throw error;
            }
        };
        return { label, swap };
    }

    private call<T>(method: string, path: string, options: CallOptions): Promise<T> {
        return this.options.swarm().call<T>(method, path, options);
    }
}
