// Plugins that Pulumi starts itself, after somebody killed a command or its Pulumi during a creation.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { kill, processes } from "../../cli/processes";
import { Lab } from "../lab/lab";
import { skipWithoutRealPlugins } from "./built";

/** The time within which Skep must end what a kill left. */
const SECONDS = 5;

describe("An up on real plugins", function () {
    this.timeout(600_000);
    const lab = new Lab("test-real-killed", undefined, { SKEP_PLUGINS: "real" });

    before(skipWithoutRealPlugins);
    before(() =>
        lab.configure({
            "skep:zones": 1,
            "skep:managers": 1,
            "skep:workers": 0,
            "skep:sample": { enabled: false },
        }),
    );
    after(async () => {
        await lab.skep("destroy", "--yes").catch(() => undefined);
        lab.forget();
    });

    it("leaves no plugin behind when its process group is killed", async () => {
        const up = lab.start("up", "--verbose");
        await up.until(/make docker:Network/);
        const plugins = named(up.session(), "pulumi-resour");
        assert.ok(plugins.length > 0, "the engine started no plugin");
        up.killGroup();
        await up.result();
        await gone(plugins);
        await up.kill();
    });

    it("leaves no plugin behind when its engine is killed", async () => {
        const up = lab.start("up", "--verbose");
        await up.until(/make \S+ manager-1/);
        const plugins = named(up.session(), "pulumi-resour");
        assert.ok(plugins.length > 0, "the engine started no plugin");
        for (const pid of named(up.session(), "pulumi)")) kill(pid);
        assert.notEqual(await up.result(), 0, up.said);
        await gone(plugins);
    });

    it("goes on afterwards, and is taken down by the plugins that it was made with", async () => {
        const again = lab.start("up");
        assert.equal(await again.result(), 0, again.said);
        const plain = new Lab(lab.stack);
        await assert.rejects(plain.skep("up"), /PLUGINS_MIXED.*SKEP_PLUGINS=real/s);
        assert.ok(Object.hasOwn(await plain.json("output"), "clusterId"));
        const down = plain.start("destroy", "--yes", "--verbose");
        await down.until(/remove docker:Container/);
        assert.ok(named(down.session(), "pulumi-resour").length > 0, "destroy started no real plugin");
        assert.equal(await down.result(), 0, down.said);
    });
});

/** Processes whose names begin like this; /proc puts a name in brackets. */
function named(pids: readonly number[], name: string): number[] {
    return pids.filter((pid) => {
        try {
            return readFileSync(`/proc/${pid}/stat`, "utf8").includes(`(${name}`);
        } catch {
            return false; // it has ended meanwhile
        }
    });
}

async function gone(pids: readonly number[]): Promise<void> {
    const deadline = Date.now() + SECONDS * 1000;
    for (;;) {
        const left = processes().filter(({ id, isZombie }) => pids.includes(id) && !isZombie);
        if (left.length === 0) return;
        if (Date.now() > deadline) {
            for (const { id } of left) kill(id);
            assert.fail(`${left.length} plugins went on for ${SECONDS} seconds`);
        }
        await sleep(100);
    }
}
