// Shows how far an operation has come: a line for each part of the stack once it is done, and meanwhile what takes longest.

import type * as auto from "@pulumi/pulumi/automation";
import { countOf, doing, type Part, PARTS, partOf, subjectOf, type Verb } from "../../planning/parts";
import type { Progress } from "../../scripts/setup/progress";
import { partLine } from "../plan";
import type { Sizes } from "./sizes";
import { isComponent, partsOfUrn, type Step, verbOf } from "./steps";

/** What a part of the stack has been through. */
interface Standing {
    began?: number;
    /** When its last step ended. */
    ended: number;
    /** The URNs of resources that are as the program wants them, or gone. */
    settled: Set<string>;
    /** Steps that have changed something since the last line about the part. */
    done: { verb: Verb; type: string }[];
    failed: string[];
}

export interface WatchOptions {
    progress: Progress;
    /** Shows what takes longest. */
    update: (text: string) => void;
    /** How many resources each part has. */
    sizes: () => Sizes;
    /** Whether to show each resource too. */
    verbose?: boolean;
    /** The time in milliseconds. A test passes its own. */
    now?: () => number;
}

/** The resource that changes hosts one after another: it says what it plans and does. */
export const ROLLOUT_TYPE = "swarm:index:EngineRollout";

/** Pulumi's operations after which a resource is as the program wants it. The others are about what was before. */
const SETTLING = ["same", "create", "update", "create-replacement", "import", "delete"];

/** Watches the events of one operation that changes the stack. */
export class Watch {
    private readonly parts = new Map<Part, Standing>();
    /** Steps that have begun and not ended, by URN, the oldest first. */
    private readonly underWay = new Map<string, Step>();
    private readonly now: () => number;

    constructor(private readonly options: WatchOptions) {
        this.now = options.now ?? Date.now;
    }

    /** A step has begun. `step` is undefined if it changes nothing, or if an earlier event told of it. */
    began(urn: string, step: Step | undefined): void {
        if (!step) return;
        if (this.options.verbose) this.options.progress.note(`${verbOf(step)} ${step.type} ${step.name}`);
        if (step.part === undefined || isComponent(step.type)) return;
        this.standing(step.part).began ??= this.now();
        this.underWay.set(urn, step);
        this.show();
    }

    /** A resource says what it does. A rollout takes minutes, so its lines stay. */
    said(urn: string, text: string): void {
        if (!this.underWay.has(urn) || !urn.includes(`${ROLLOUT_TYPE}::`)) return;
        this.options.progress.note(text, "   ");
    }

    /** A step has ended. */
    ended({ urn, op }: auto.StepEventMetadata, failed = false): void {
        const { types } = partsOfUrn(urn);
        const part = partOf(types);
        if (part === undefined || isComponent(types.at(-1)!)) return;
        const standing = this.standing(part);
        const step = this.underWay.get(urn);
        if (step && (SETTLING.includes(op) || failed)) {
            this.underWay.delete(urn);
            standing.ended = this.now();
            if (failed) standing.failed.push(subjectOf(step.type, step.name));
            else standing.done.push({ verb: verbOf(step), type: step.type });
            this.show();
        }
        if (!SETTLING.includes(op) || failed) return;
        standing.settled.add(urn);
        const size = this.options.sizes().get(part);
        if (size !== undefined && standing.settled.size === size) this.say(part, standing);
    }

    /** The operation has ended: says what has not been said. */
    finish(): void {
        for (const part of PARTS) {
            const standing = this.parts.get(part);
            if (standing) this.say(part, standing);
        }
        this.options.update("");
    }

    private standing(part: Part): Standing {
        const known = this.parts.get(part);
        if (known) return known;
        const fresh: Standing = { ended: 0, settled: new Set(), done: [], failed: [] };
        this.parts.set(part, fresh);
        return fresh;
    }

    private say(part: Part, standing: Standing): void {
        const { began, ended, done, failed } = standing;
        if (began === undefined || (done.length === 0 && failed.length === 0)) return;
        const seconds = Math.round((ended - began) / 1000);
        const what = [
            ...(done.length > 0 ? [countOf(part, done)] : []),
            ...failed.map((one) => `${one} failed`),
        ];
        const mark = failed.length > 0 ? "✗" : "✓";
        this.options.progress.note(partLine(part, what.join(", "), seconds), ` ${mark}`);
        Object.assign(standing, { began: undefined, done: [], failed: [] });
    }

    private show(): void {
        const [oldest] = this.underWay.values();
        const text = oldest
            ? `${subjectOf(oldest.type, oldest.name)}: ${doing(oldest.type, verbOf(oldest))}`
            : "";
        this.options.update(text);
    }
}
