// What makes a bundled plugin a new one: a change of any file that goes into it.

import assert from "node:assert/strict";
import { sourcesOf, STAND_INS } from "../../providers/bundle/build";
import { SOURCE_FOLDERS } from "../../scripts/setup/plugins";

describe("Bundled plugins", function () {
    this.timeout(60_000);

    const entries = [
        "providers/swarm/main.ts",
        "providers/bundle/attached.ts",
        ...STAND_INS.map((name) => `offline/plugins/${name}.ts`),
    ];
    for (const entry of entries)
        it(`are made anew by a change of what ${entry} imports`, async () => {
            const sources = await sourcesOf(entry);
            assert.ok(sources.includes(entry));
            const unseen = sources.filter(
                (file) => !SOURCE_FOLDERS.some((folder) => file.startsWith(`${folder}/`)),
            );
            assert.deepEqual(unseen, []);
        });
});
