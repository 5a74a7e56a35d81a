import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { lostKeys, misplacedKeys, ownSettings, readConfig } from "../../config/file";

describe("A file of settings", () => {
    const folder = mkdtempSync(join(tmpdir(), "skep-settings-"));
    after(() => rmSync(folder, { recursive: true }));

    async function read(text: string) {
        const file = join(folder, "Pulumi.some.yaml");
        writeFileSync(file, text);
        return readConfig(file);
    }

    it("gives Skep's settings without their prefix, and none where there is no file or nothing in it", async () => {
        const config = await read("config:\n  skep:zones: 2\n  aws:region: eu-central-1\n");
        assert.deepEqual(ownSettings(config), { zones: 2 });
        assert.deepEqual(lostKeys(config), []);
        assert.deepEqual(await readConfig(join(folder, "none.yaml")), {});
        assert.deepEqual(await read(""), {});
        assert.deepEqual(await read("config:\n"), {});
    });

    it("is refused in a sentence when it is no YAML, or has no settings where they belong", async () => {
        const texts = [
            "config:\n  skep:zones: [1\n",
            "config: 3\n",
            "- skep:zones\n",
            "config:\n  - skep:zones\n",
        ];
        for (const text of [...texts, "config:\n  skep:zones: 1\n  skep:zones: 2\n"])
            await assert.rejects(
                read(text),
                /^SkepError: CONFIG_FILE: Pulumi\.some\.yaml cannot be read [^\n]+$/,
            );
    });

    it("says in which line a key stands twice or a tab indents, and takes other editors' files as they are", async () => {
        await assert.rejects(
            read("config:\n  skep:zones: 1\n  skep:zones: 2\n"),
            /line 3 names a key that stands above it already/,
        );
        await assert.rejects(read("config:\n\tskep:zones: 1\n"), /line 2 is indented by a tab/);
        await assert.rejects(read("config:\n  skep:zones: [1\n"), /line \d is no YAML \(/);
        await assert.rejects(read("config:\n  skep:zones: *none\n"), /CONFIG_FILE: .*none/);
        const others = "\uFEFFconfig:\r\n  skep:zones: 3 # three\r\n  skep:dockerVersion: '28.5'\r\n";
        assert.deepEqual(ownSettings(await read(others)), { zones: 3, dockerVersion: "28.5" });
    });

    it("does not pass over settings without a prefix, or with a slip in it", async () => {
        const problems = lostKeys(await read("config:\n  zones: 2\n  sekp:managers: 1\n  docker:host: x\n"));
        assert.deepEqual(
            problems.map(({ id, advice }) => [id, /skep:\w+/.exec(advice)?.[0]]),
            [
                ["CONFIG_UNKNOWN", "skep:zones"],
                ["CONFIG_UNKNOWN", "skep:managers"],
            ],
        );
    });

    it("is where settings are: those given to Pulumi alone are refused, but for its secret ones", () => {
        const config = {
            "skep:workers": "5",
            "skep:registryAccessKeyId": { secure: "x" },
            "aws:region": "x",
        };
        const problems = misplacedKeys(config, ["registryAccessKeyId"], "/some/Pulumi.dev.yaml");
        assert.deepEqual(
            problems.map(({ id }) => id),
            ["CONFIG_ELSEWHERE"],
        );
        assert.match(problems[0]?.problem ?? "", /skep:workers .* Pulumi\.dev\.yaml/);
    });
});
