// Walks settings on a standing stack: every one is changed once, and the plan loses no host and no swarm, or is refused.

import assert from "node:assert/strict";
import type { Outcome } from "../../cli/pulumi/operate";
import type { Step } from "../../cli/pulumi/steps";
import { settingPaths } from "../../config/settings";
import { Lab } from "./lab";

export type Settings = Record<string, unknown>;

export interface Walk {
    /** Whether a setting, `registry.port` for example, is among those that are walked. */
    covers(path: string): boolean;
    /** Changes that the stack follows, a few plans in all, since each takes seconds. */
    followed: readonly Settings[];
    /** Changes that a standing stack cannot follow, and the id that says so. */
    refused: readonly { settings: Settings; id: string }[];
    /** Settings that no plan here changes, each with the reason. */
    elsewhere: Readonly<Record<string, string>>;
    /** Types of resources that no plan may replace or delete. The gateway, a container too, may be. */
    kept: readonly string[];
    /** Gives the stack these settings; without any, those that it stands with. */
    configure(settings?: Settings): void;
}

/** Declares the tests of a walk on the standing stack of `lab`. */
export function testSettings(
    lab: Lab,
    { covers, followed, refused, elsewhere, kept, configure }: Walk,
): void {
    // Keys for the registry's bucket. A preview does not use them.
    const keys = { AWS_ACCESS_KEY_ID: "AKIAIOSFODNN7EXAMPLE", AWS_SECRET_ACCESS_KEY: "example" };
    const standing = new Lab(lab.stack, lab.project, { ...keys, ...lab.environment });
    const withEach = async (all: readonly Settings[], look: (settings: Settings) => Promise<void>) => {
        try {
            for (const settings of all) {
                configure(settings);
                await look(settings);
            }
        } finally {
            configure();
        }
    };
    const isLoss = ({ verb, type, name }: Step) =>
        (verb === "± replace" || verb === "- delete") && kept.includes(type) && !name.endsWith("-gateway");

    it("has a plan for every setting", () => {
        const all = settingPaths().map((path) => path.join("."));
        const leaves = all.filter((path) => !all.some((other) => other.startsWith(`${path}.`)));
        const changed = [...followed, ...refused.map(({ settings }) => settings)].flatMap(pathsIn);
        const missing = leaves.filter(
            (path) => covers(path) && !changed.includes(path) && !(path in elsewhere),
        );
        assert.deepEqual(missing, []);
    });

    it("loses no host and no swarm by a plan that follows changed settings", () =>
        withEach(followed, async (settings) => {
            const { steps } = await standing.json<Outcome>("preview");
            assert.notEqual(steps.length, 0);
            assert.deepEqual(steps.filter(isLoss), [], JSON.stringify(settings));
        }));

    it("refuses the changes that it cannot follow", () =>
        withEach(
            refused.map(({ settings }) => settings),
            async (settings) => {
                const preview = lab.start("preview");
                assert.notEqual(await preview.result(), 0);
                const { id } = refused.find((one) => one.settings === settings)!;
                assert.match(preview.said, new RegExp(`✗ ${id}: `));
            },
        ));
}

const BY_NAME = ["labels", "tags", "cisWaivers", "logOptions", "ulimits", "features", "extra"];

/** The paths of all values; a node's are those of `worker-1`. */
function pathsIn(settings: Settings): string[] {
    return Object.entries(settings).flatMap(([key, value]) => {
        // Labels and the like are by names of the user's own.
        const isByName = BY_NAME.includes(key);
        if (isByName || value === null || typeof value !== "object" || Array.isArray(value)) return [key];
        return pathsIn(value as Settings).map((path) => `${key}.${path}`);
    });
}
