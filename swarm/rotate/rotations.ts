// Rotations of what the swarm itself makes: its unlock key, its join tokens and its certificate authority.
import type { SwarmInfo } from "../../planning/engine-api";
import { pausePoint } from "../pause-point";
import type { Swarm } from "../swarm";

/** What the swarm makes anew, and how often Skep has asked for that. */
export type Rotations = Partial<Record<Rotated, number>>;
export type Rotated = "unlockKey" | "joinTokens" | "ca";

type Spec = SwarmInfo["Spec"];

interface Rotation {
    /** What is rotated, for messages. */
    what: string;
    /** The label in the swarm's specification that keeps the number of the last rotation. */
    label: string;
    /** The parameters of the update that rotates. */
    query?: string;
    /** The specification that rotates. */
    change?(spec: Spec): Spec;
}

const ROTATIONS: Record<Rotated, Rotation> = {
    unlockKey: {
        what: "the unlock key",
        label: "io.skep.rotation.unlock-key",
        query: "rotateManagerUnlockKey=true",
    },
    joinTokens: {
        what: "the join tokens",
        label: "io.skep.rotation.join-tokens",
        query: "rotateWorkerToken=true&rotateManagerToken=true",
    },
    ca: {
        what: "the swarm's certificate authority",
        label: "io.skep.rotation.ca",
        change: (spec) => ({
            ...spec,
            CAConfig: { ...spec.CAConfig, ForceRotate: (spec.CAConfig?.ForceRotate ?? 0) + 1 },
        }),
    },
};

/**
 * Does the rotations that `wanted` asks for and `done` does not have. The same write that rotates also labels the swarm with
 * the rotation's number, so a run that was killed right after it does not rotate a second time.
 */
export async function rotate(swarm: Swarm, wanted: Rotations, done: Rotations): Promise<void> {
    for (const kind of Object.keys(ROTATIONS) as Rotated[]) {
        const number = wanted[kind] ?? 0;
        if (number <= (done[kind] ?? 0)) continue;
        const { what, label, query, change = (spec: Spec) => spec } = ROTATIONS[kind];
        const next = (spec: Spec): Spec => {
            if (Number(spec.Labels?.[label] ?? 0) >= number) return spec;
            return { ...change(spec), Labels: { ...spec.Labels, [label]: String(number) } };
        };
        await swarm.change(`the rotation of ${what}`, "/swarm", next, query);
        swarm.ctx.log(`rotated ${what}`);
        await pausePoint(`rotated:${kind}`, swarm.ctx);
    }
}
