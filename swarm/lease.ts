// A lock over processes and machines: a label of the swarm's own specification, taken and given back by compare-and-swap
// on its version. The holder renews it; one that died loses it. No clocks are compared: who waits measures for itself how
// long the label has not changed.
import { randomUUID } from "node:crypto";
import { skepError } from "../errors";
import type { Props } from "./context";
import { WRITE_MS } from "./engine";
import { EngineError } from "./failures";
import type { Remote } from "./ssh";
import { pause } from "./wait";

export const LEASE_LABEL = "io.skep.lease";
/** A lease that has not been renewed for so long belongs to nobody: longer than an election of managers takes. */
const EXPIRY_MS = 45_000;
const RENEWAL_MS = 10_000;
const ACQUIRE_MS = 240_000;
/** Elections pass; what fails for longer is a reason to end. */
const FAILING_MS = 60_000;
const POLL_MS = 500;

export interface LeaseOptions {
    /** A manager to ask; asked again each time, since managers come and go under a lease. */
    engine: () => Promise<Remote>;
    /** What is waited for, as in "the turn for manager-2 to join". */
    purpose: string;
    signal: AbortSignal;
    expiryMs?: number;
}

/** Does `work` while no other process that asks for the swarm's lease does. Its signal aborts when the lease is lost. */
export async function withLease<T>(
    options: LeaseOptions,
    work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
    const lease = new Lease(options);
    await lease.acquire();
    const lost = new AbortController();
    const renewing = lease.keep(lost);
    try {
        return await work(AbortSignal.any([options.signal, lost.signal]));
    } catch (error) {
        if (!lost.signal.aborted || options.signal.aborted) throw error;
        throw skepError(
            "LEASE_LOST",
            `The swarm could not be written to for ${Math.round(lease.expiryMs / 1000)} s in the middle of ${options.purpose}.`,
            `See whether its managers have a majority. ${RETRY}`,
        );
    } finally {
        await renewing.stop();
        await lease.release();
    }
}

class Lease {
    private readonly holder = randomUUID();
    private beat = 0;
    readonly expiryMs: number;

    constructor(private readonly options: LeaseOptions) {
        this.expiryMs = options.expiryMs ?? EXPIRY_MS;
    }

    async acquire(): Promise<void> {
        const { signal, purpose } = this.options;
        const end = Date.now() + Math.max(ACQUIRE_MS, 2 * this.expiryMs);
        let seen: { value: string; since: number } | undefined;
        let failing: { error: unknown; since: number } | undefined;
        while (Date.now() < end) {
            if (signal.aborted)
                throw skepError("CANCELLED", `Interrupted while waiting for ${purpose}.`, RETRY);
            try {
                const { label, swap } = await this.look();
                // A write whose answer was lost, as in an election, may have been carried out.
                if (this.isMine(label)) return;
                if (label !== undefined && label !== seen?.value) seen = { value: label, since: Date.now() };
                const expired = seen !== undefined && Date.now() - seen.since >= this.expiryMs;
                if ((label === undefined || expired) && (await swap(this.next()))) return;
                failing = undefined;
            } catch (error) {
                failing = { error, since: failing?.since ?? Date.now() };
                if (Date.now() - failing.since >= FAILING_MS) throw error;
            }
            await pause(POLL_MS, signal);
        }
        throw skepError(
            "SWARM_BUSY",
            `Waited in vain for ${purpose}: another Skep process changes the swarm's managers.`,
            `Let that end. ${RETRY}`,
        );
    }

    /** Renews the lease until it is stopped; aborts `lost` when it could not for so long that others may take it. */
    keep(lost: AbortController): { stop(): Promise<void> } {
        const { expiryMs } = this;
        let renewed = Date.now();
        let running = Promise.resolve();
        const renew = async () => {
            const { label, swap } = await this.look();
            if (!this.isMine(label)) lost.abort();
            else if (await swap(this.next())) renewed = Date.now();
        };
        const tick = () => {
            running = running.then(renew).catch(() => undefined);
            if (Date.now() - renewed >= expiryMs) lost.abort();
        };
        const timer = setInterval(tick, Math.min(RENEWAL_MS, expiryMs / 4));
        const stop = () => {
            clearInterval(timer);
            return running;
        };
        return { stop };
    }

    /** Best effort: a lease that stays behind expires. */
    async release(): Promise<void> {
        for (let attempt = 0; attempt < 5; attempt++) {
            try {
                const { label, swap } = await this.look();
                if (!this.isMine(label) || (await swap(undefined))) return;
            } catch {
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

    /** The label now, and a change of it that fails if anyone was faster. */
    private async look() {
        const engine = await this.options.engine();
        const { Spec, Version } = await engine.call("GET", "/swarm");
        const { [LEASE_LABEL]: label, ...others } = (Spec.Labels ?? {}) as Record<string, string>;
        const swap = async (value: string | undefined): Promise<boolean> => {
            const Labels = value === undefined ? others : { ...others, [LEASE_LABEL]: value };
            const body: Props = { ...Spec, Labels };
            try {
                await engine.call("POST", `/swarm/update?version=${Version.Index}`, body, WRITE_MS);
                return true;
            } catch (error) {
                if (error instanceof EngineError && /out of sequence/.test(error.reason)) return false;
                throw error;
            }
        };
        return { label, swap };
    }
}

const RETRY = "Run the same command again.";
