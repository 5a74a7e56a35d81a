// Where Pulumi keeps a stack's state: in which folder, sealed with what, and how many copies of it.

import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { outdated } from "../../cli/pulumi/history";
import { refuseEmptyPassphrase } from "../../cli/pulumi/passphrase";
import { folderUrl } from "../../cli/pulumi/workspace";

describe("A stack's state", () => {
    it("is in the project's folder, whatever the folder's name", () => {
        for (const folder of ["/home/me/skep/.skep/state", "/a b/feature%2Fx/#1/wo?/\u00fc/.skep/state"])
            assert.equal(decodeURIComponent(new URL(folderUrl(folder)).pathname), folder);
    });

    it("is not sealed with an empty passphrase, and one that is so already is noted", async () => {
        const folder = mkdtempSync(join(tmpdir(), "skep-test-"));
        const file = join(folder, "empty");
        writeFileSync(file, "\n");
        try {
            for (const environment of [
                { PULUMI_CONFIG_PASSPHRASE: "" },
                { PULUMI_CONFIG_PASSPHRASE_FILE: file },
            ]) {
                await assert.rejects(refuseEmptyPassphrase(environment, false), /PASSPHRASE_EMPTY/);
                assert.match((await refuseEmptyPassphrase(environment, true)) ?? "", /passphrase is empty/);
            }
            writeFileSync(file, "secret\n");
            for (const environment of [
                {},
                { PULUMI_CONFIG_PASSPHRASE: "secret", PULUMI_CONFIG_PASSPHRASE_FILE: "" },
                { PULUMI_CONFIG_PASSPHRASE_FILE: file },
                { PULUMI_CONFIG_PASSPHRASE_FILE: join(folder, "missing") },
            ])
                assert.equal(await refuseEmptyPassphrase(environment, false), undefined);
        } finally {
            rmSync(folder, { recursive: true });
        }
    });

    it("has the copies of the newest operations, of every kind, and no others", () => {
        const of = (time: number) => {
            const nanoseconds = `179569673119760686${time}`;
            return [
                `dev-${nanoseconds}.history.json`,
                `dev-${nanoseconds}.history.json.attrs`,
                `dev-${nanoseconds}.checkpoint.json`,
                `dev.${nanoseconds}.json`,
            ];
        };
        const names = [...of(3), ...of(1), ...of(2), "README"];
        assert.deepEqual(outdated(names, 2), of(1));
        assert.deepEqual(outdated(names, 3), []);
        assert.deepEqual(outdated(names), []);
    });
});
