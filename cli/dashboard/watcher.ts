// Looks at a swarm again and again for as long as somebody watches, and keeps what happened meanwhile.

import {
    type DashboardView,
    dashboardView,
    EVENTS,
    type EventView,
    eventsBetween,
    latestEvents,
} from "../../planning/dashboard";
import type { Snapshot, SwarmSight } from "../../planning/snapshot";
import type { Wanted } from "../../planning/status";
import { pause } from "../../swarm/wait";
import type { Source } from "./server";

/** The pause between two looks. A look takes about as long. */
const PAUSE_MS = 1000;

/** What a page shows. */
export interface Shown {
    view: DashboardView;
    /** The newest first. */
    events: EventView[];
}

/** The source of a dashboard's pages. `take` looks at the swarm, and never throws because of a host. */
export class Watcher implements Source {
    private shown!: Shown;
    private last?: { swarm: SwarmSight; at: number };
    private readonly watching = new Set<(value: string) => void>();

    private constructor(
        private readonly stack: string,
        private readonly wanted: Wanted,
        private readonly take: () => Promise<Snapshot>,
    ) {}

    /** A watcher that has looked once. `wanted` is what the swarm should be. */
    static async start(stack: string, wanted: Wanted, take: () => Promise<Snapshot>): Promise<Watcher> {
        const watcher = new Watcher(stack, wanted, take);
        await watcher.look();
        return watcher;
    }

    now(): string {
        return JSON.stringify(this.shown);
    }

    watch(changed: (value: string) => void): () => void {
        this.watching.add(changed);
        return () => this.watching.delete(changed);
    }

    /** Looks until the signal aborts. Rests while nobody watches. */
    async run(signal: AbortSignal, pauseMs = PAUSE_MS): Promise<void> {
        while (!signal.aborted) {
            await pause(pauseMs, signal);
            if (signal.aborted || this.watching.size === 0) continue;
            await this.look();
            for (const changed of this.watching) changed(this.now());
        }
    }

    private async look(): Promise<void> {
        const snapshot = await this.take();
        if (snapshot.swarm) this.last = { swarm: snapshot.swarm, at: snapshot.at };
        const view = dashboardView(this.stack, snapshot, this.wanted, this.last);
        const events = this.shown
            ? [...eventsBetween(this.shown.view, view).reverse(), ...this.shown.events]
            : latestEvents(view);
        this.shown = { view, events: events.slice(0, EVENTS) };
    }
}
