// The versions of Docker's engine that Skep was run with, and what it does not know of others. No I/O.

import { newestFirst, upstream } from "./versions";

/** A version of the engine that Skep was run with. */
export interface TestedEngine {
    /** The version, such as `29.8.1`. */
    engine: string;
    /** The day of its release. */
    released: string;
    /** The series of containerd that goes with it. */
    containerd: string;
    /** What was run here, and how it ended. */
    ran: string;
    /**
     * Where Skep had the packages from: `modules` if Skep built them from Go modules, because only package registries could
     * be reached. `debian` if Debian built them.
     */
    from: "modules" | "debian";
    /** Only for labs that have their engine from Debian: too old for a swarm that matters. */
    offlineOnly?: true;
}

/** The newest first. docs/upgrades.md shows the same. */
export const TESTED_ENGINES: readonly TestedEngine[] = [
    {
        engine: "29.8.1",
        released: "2026-09-15",
        containerd: "2.3",
        ran: "swarms of three locked managers, alone and mixed with 26.1.5 and 28.5.2; up from both and back down to both, one manager at a time",
        from: "modules",
    },
    {
        engine: "28.5.2",
        released: "2025-11-05",
        containerd: "1.7",
        ran: "labs of up to six hosts; up from 20.10.24 and 26.1.5 and back down to both, one locked manager at a time",
        from: "debian",
    },
    {
        engine: "26.1.5",
        released: "2024-07-23",
        containerd: "1.7",
        ran: "every test of Skep; up from 20.10.24 and back down, one locked manager at a time",
        from: "debian",
    },
    {
        engine: "20.10.24",
        released: "2023-04-04",
        containerd: "1.6",
        ran: "up to 26.1.5 and 28.5.2 and back down, one locked manager at a time",
        from: "debian",
        offlineOnly: true,
    },
];

/** What Skep builds from Go modules where Docker's packages cannot be had. offline/engine29 pins the sources. */
export const BUILT_ENGINE = { engine: "29.8.1", containerd: "2.3.5" };

/** The tested engine of this package or version; undefined for one that Skep has not run. */
export function testedEngine(version: string): TestedEngine | undefined {
    return TESTED_ENGINES.find(({ engine }) => engine === upstream(version));
}

/** The series of containerd for an engine: that of the newest tested engine that is not newer. */
export function partnerOf(version: string): string {
    const older = TESTED_ENGINES.filter(({ engine }) => newestFirst(version, engine) <= 0);
    return (older[0] ?? TESTED_ENGINES.at(-1)!).containerd;
}
