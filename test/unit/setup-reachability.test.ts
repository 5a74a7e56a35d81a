import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createProgress } from "../../scripts/setup/progress";
import { forcedAnswer, reachability } from "../../scripts/setup/reachability";

const silent = createProgress({ silent: true });
/** Four sites and the registry of packages. */
const ASKED = 5;
const HOUR = 60 * 60 * 1000;

describe("what can be reached", () => {
    let home: string;
    const before = {
        cache: process.env.XDG_CACHE_HOME,
        offline: process.env.SKEP_OFFLINE,
        packages: process.env.npm_config_registry,
    };
    let asked: string[];
    const probe = (url: string) => {
        asked.push(url);
        return Promise.resolve(url.includes("docker"));
    };

    beforeEach(async () => {
        home = await mkdtemp(join(tmpdir(), "skep-test-"));
        process.env.XDG_CACHE_HOME = home;
        delete process.env.SKEP_OFFLINE;
        process.env.npm_config_registry = "https://npm.test/";
        asked = [];
    });
    afterEach(async () => {
        for (const [name, value] of [
            ["XDG_CACHE_HOME", before.cache],
            ["SKEP_OFFLINE", before.offline],
            ["npm_config_registry", before.packages],
        ] as const)
            if (value === undefined) delete process.env[name];
            else process.env[name] = value;
        await rm(home, { recursive: true, force: true });
    });

    it("is asked of each site once, and remembered for a day", async () => {
        const found = await reachability(silent, { probe, now: 0 });
        assert.deepEqual(found, {
            pulumi: false,
            plugins: false,
            dockerHub: true,
            dockerPackages: true,
        });
        assert.equal(asked.length, ASKED);
        assert.deepEqual(await reachability(silent, { probe, now: 23 * HOUR }), found);
        assert.equal(asked.length, ASKED);
        await reachability(silent, { probe, now: 25 * HOUR });
        assert.equal(asked.length, 2 * ASKED);
    });

    it("is what was found last when there is no network at all, and what is found when packages can be reached", async () => {
        const found = await reachability(silent, { probe, now: 0 });
        const none = () => Promise.resolve(false);
        assert.deepEqual(await reachability(silent, { probe: none, now: 25 * HOUR }), found);
        // Not remembered: with the network back, it is asked again.
        await reachability(silent, { probe, now: 26 * HOUR });
        assert.equal(asked.length, 2 * ASKED);
        const registryOnly = (url: string) => Promise.resolve(/npm/.test(url));
        const restricted = await reachability(silent, { probe: registryOnly, now: 52 * HOUR });
        assert.deepEqual(restricted, {
            pulumi: false,
            plugins: false,
            dockerHub: false,
            dockerPackages: false,
        });
    });

    it("is asked again when the memory lies in the future or cannot be read", async () => {
        await reachability(silent, { probe, now: 100 * HOUR });
        await reachability(silent, { probe, now: 99 * HOUR });
        assert.equal(asked.length, 2 * ASKED);
        await writeFile(join(home, "skep/reachability.json"), '{"asked": "yes');
        await reachability(silent, { probe, now: 99 * HOUR });
        assert.equal(asked.length, 3 * ASKED);
    });

    it("is what SKEP_OFFLINE says, without asking", async () => {
        process.env.SKEP_OFFLINE = "1";
        const all = (answer: boolean) => ({
            pulumi: answer,
            plugins: answer,
            dockerHub: answer,
            dockerPackages: answer,
        });
        assert.deepEqual(await reachability(silent, { probe }), all(false));
        process.env.SKEP_OFFLINE = "0";
        assert.deepEqual(await reachability(silent, { probe }), all(true));
        assert.equal(asked.length, 0);
    });

    it("is refused when SKEP_OFFLINE makes no sense", () => {
        assert.equal(forcedAnswer(undefined), undefined);
        assert.equal(forcedAnswer(""), undefined);
        assert.throws(() => forcedAnswer("yes"), /SKEP_OFFLINE/);
    });
});
