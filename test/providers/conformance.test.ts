// The comparison of plugins under the real Pulumi: the stand-ins are like themselves, and differences are found.

import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as random from "@pulumi/random";
import { installStandIns } from "../../providers/bundle/build";
import { differences } from "../conformance/compare";
import { type Case, cases, perform, type Side } from "../conformance/cases";

const ROOT = process.env.SKEP_PULUMI_ROOT;

describe("the comparison of two sets of plugins", function () {
    this.timeout(300_000);
    let folder: string;
    let side: (name: string) => Side;

    before(async function () {
        if (!ROOT || !existsSync(join(ROOT, "bin/pulumi"))) {
            console.log("      skipped: SKEP_PULUMI_ROOT names no folder that contains bin/pulumi");
            return this.skip();
        }
        folder = await mkdtemp(join(tmpdir(), "skep-conformance-"));
        const environment = {
            PULUMI_HOME: join(folder, "home"),
            PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true",
        };
        await installStandIns(environment.PULUMI_HOME);
        side = (name) => ({ name, root: ROOT, environment, folder: join(folder, name) });
    });
    after(async () => {
        if (folder) await rm(folder, { recursive: true, force: true });
    });

    it("finds no difference between the stand-ins and themselves, and one where a replacement differs", async () => {
        const passwords = cases().find(({ name }) => name === "passwords");
        assert.ok(passwords);
        const one = await perform(passwords, side("one"));
        assert.deepEqual(
            one.deeds.filter(({ when }) => when === "up 2"),
            [
                {
                    when: "up 2",
                    resource: "random:index/randomPassword:RandomPassword password",
                    op: "replace",
                    changed: ["length"],
                    replacing: ["length"],
                },
            ],
        );
        assert.deepEqual(differences(one, await perform(passwords, side("two"))), {
            done: [],
            read: [],
            unread: [],
        });
        const unchanging: Case = {
            name: "passwords",
            versions: [32, 32].map(
                (length) => () => void new random.RandomPassword("password", { length, special: false }),
            ),
        };
        const { done: found } = differences(one, await perform(unchanging, side("three")));
        assert.ok(
            found.some((line) => /^up 2 of .*"replace".*"same"/.test(line)),
            found.join("\n"),
        );
    });
});
