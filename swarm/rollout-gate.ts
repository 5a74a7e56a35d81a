// What stands between two hosts of a rollout: nothing begins in a swarm that is not well, and nothing goes on in one that
// has become worse. As kOps does, the checks have to pass twice in a row.
import { type Problem, SkepError, skepError } from "../errors";
import { finding } from "../planning/finding";
import { listed } from "../planning/sentence";
import { type Check, type Expected, findings, type PlacedHost } from "./checks/check";
import { dataPath } from "./checks/data-path";
import { leader } from "./checks/leader";
import { nodes } from "./checks/nodes";
import { lackingServices, servicesBut } from "./checks/services";
import { votes } from "./checks/votes";
import type { Swarm } from "./swarm";
import { pause } from "./wait";

/** How long a swarm that is asked before the rollout may take to become well. An election passes in it. */
const BEFORE_MS = 20_000;
/** How long tasks and members may take to be what they were after a host has changed. */
const AFTER_MS = 120_000;
/** Between two looks that both have to be good, and between two while the first host is watched. */
const BETWEEN_MS = 2000;

/** The checks around the hosts of a rollout. */
export class Gate {
    /** Services that lacked tasks before the rollout began. */
    private lacking: readonly string[] = [];

    constructor(
        private readonly swarm: Swarm,
        /** All hosts of the swarm. */
        private readonly hosts: readonly PlacedHost[],
        /** Whether the data path is tried. */
        private readonly triesDataPath: boolean,
    ) {}

    /**
     * Throws ROLLOUT_UNWELL if the swarm is not well. What is wrong with hosts whose engine is broken does not count, and
     * services that lack tasks may go on lacking them.
     */
    async before(broken: readonly string[]): Promise<void> {
        this.lacking = Object.keys(await lackingServices(this.swarm));
        if (this.lacking.length > 0)
            this.swarm.ctx.log(`not waited for, since tasks are lacking already: ${listed(this.lacking)}`);
        const isOfBroken = ({ problem }: Problem) =>
            broken.some((name) => new RegExp(`\\b${name}(?![\\w-])`).test(problem));
        const quick = await this.errors([nodes, votes, leader], BEFORE_MS);
        const found = quick.length > 0 ? quick : await this.errors(this.path(), BEFORE_MS);
        const against = found.filter((problem) => !isOfBroken(problem));
        if (against.length === 0) return;
        throw new SkepError([
            ...against,
            {
                id: "ROLLOUT_UNWELL",
                problem: "The swarm is not well, so no host was touched.",
                advice: "Mend what the other lines name, then run the same command again.",
            },
        ]);
    }

    /**
     * Waits until the swarm is as well as before, twice in a row, and then watches it for `watchMs`. Returns what is
     * wrong, and nothing if all is well.
     */
    async after(changed: readonly string[], watchMs: number): Promise<readonly Problem[]> {
        const checks = [nodes, votes, leader, servicesBut(this.lacking)];
        const first = await this.errors(checks, AFTER_MS);
        if (first.length > 0) return first;
        await pause(BETWEEN_MS, this.swarm.ctx.signal);
        const second = await this.errors([...checks, ...this.path()], AFTER_MS, changed);
        const end = Date.now() + watchMs;
        if (watchMs > 0)
            this.swarm.ctx.log(`watching ${listed(changed)} for ${Math.round(watchMs / 1000)} s`);
        let last = second;
        while (last.length === 0 && Date.now() < end && !this.swarm.ctx.signal.aborted) {
            await pause(BETWEEN_MS, this.swarm.ctx.signal);
            last = await this.errors(checks, 0);
        }
        return last;
    }

    private path(): readonly Check[] {
        return this.triesDataPath ? [dataPath] : [];
    }

    /** What the checks call wrong when the patience is over. The data path is tried by way of the changed hosts. */
    private async errors(
        checks: readonly Check[],
        patienceMs: number,
        changed: readonly string[] = [],
    ): Promise<Problem[]> {
        const isChanged = ({ host }: PlacedHost) => changed.includes(host.name);
        const hosts = [...this.hosts.filter(isChanged), ...this.hosts.filter((host) => !isChanged(host))];
        // These checks ask for nothing else.
        const expected: Expected = {
            hosts,
            stacks: [],
            registry: { server: "", username: "", password: "" },
            unlockKey: "",
            certificates: {},
        };
        const found = await findings(checks, this.swarm, expected, patienceMs);
        return found.filter((problem) => finding(problem).severity === "error");
    }
}

/** Why a rollout ended at these hosts: what is wrong, and ROLLOUT_STOPPED. `left` are the hosts that it did not come to. */
export function stopped(
    wrong: readonly Problem[],
    names: readonly string[],
    left: readonly string[],
): SkepError {
    const others = left.length === 0 ? "" : ` ${listed(left)} ${left.length === 1 ? "is" : "are"} as before.`;
    return new SkepError([
        ...wrong,
        {
            id: "ROLLOUT_STOPPED",
            problem: `The rollout stopped at ${listed(names)}.${others}`,
            advice: "Mend what the other lines name, then run the same command again: it goes on from what it finds.",
        },
    ]);
}

/** The end of a rollout that was interrupted, `where` that was. */
export function interrupted(where: string): SkepError {
    return skepError(
        "CANCELLED",
        `Interrupted ${where}.`,
        "Run the same command again: the rollout goes on from what it finds.",
    );
}
