// What hosts do for themselves: the removal of images, against a docker that only knows a list of them, and the reserve.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import {
    existsSync,
    mkdirSync,
    mkdtempSync,
    readdirSync,
    readFileSync,
    rmSync,
    statSync,
    writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { checkSettings } from "../../config/settings";
import { hostScript } from "../../swarm/scripts";

const DAY = 86_400;

/** A docker whose images are files with a reference on each line, and which refuses to remove those in use. */
const DOCKER = `#!/bin/sh
case "$*" in
info*) cat "$ROOT/state" ;;
"service ls"*) ls "$ROOT/services" ;;
"service inspect"*) cat "$ROOT"/services/* ;;
ps*) cat "$ROOT/containers" ;;
inspect*) cat "$ROOT/containers" ;;
"image ls"*) ls "$ROOT/images" ;;
"image inspect --format"*) cat "$ROOT/images/$5" ;;
"image inspect"*) test -e "$ROOT/images/$3" ;;
"image rm"*) if grep -qx "$3" "$ROOT/containers"; then exit 1; fi; rm "$ROOT/images/$3" ;;
esac
`;

describe("The removal of images", () => {
    let root = "";
    const at = (...path: string[]) => join(root, ...path);

    beforeEach(() => {
        root = mkdtempSync(join(tmpdir(), "skep-test-"));
        for (const folder of ["bin", "services", "images"]) mkdirSync(at(folder));
        writeFileSync(at("bin/docker"), DOCKER, { mode: 0o755 });
        writeFileSync(at("state"), "active false");
        writeFileSync(at("containers"), "used\n");
        writeFileSync(at("prune"), "7\nskep/kept:1\n");
        writeFileSync(at("images/used"), "web@sha256:a\n");
        writeFileSync(at("images/idle"), "web:1\nweb@sha256:b\n");
        writeFileSync(at("images/local"), "own:1\n");
        writeFileSync(at("images/kept"), "skep/kept:1\nskep/kept@sha256:c\n");
        writeFileSync(at("images/nameless"), "");
    });
    afterEach(() => rmSync(root, { recursive: true }));

    /** Runs the script as if it had last seen these images in use so many days ago. */
    function prune(days?: number): string[] {
        const seen = Math.floor(Date.now() / 1000) - (days ?? 0) * DAY;
        if (days !== undefined)
            writeFileSync(
                at("images-used"),
                readdirSync(at("images"))
                    .map((id) => `${id} ${seen}\n`)
                    .join(""),
            );
        const script = hostScript("prune")
            .replaceAll("/etc/skep/prune", at("prune"))
            .replace("/var/lib/skep", root);
        execFileSync("sh", ["-c", script], { env: { PATH: `${at("bin")}:${process.env.PATH}`, ROOT: root } });
        return readdirSync(at("images"));
    }

    it("leaves what has not been idle for long, and what was never seen before", () => {
        assert.equal(prune().length, 5);
        assert.equal(prune().length, 5);
        assert.equal(prune(6).length, 5);
    });

    it("takes idle images that a registry has, and those without a name, and no other", () => {
        assert.deepEqual(prune(8), ["kept", "local", "used"]);
        const [used] = readFileSync(at("images-used"), "utf8")
            .split("\n")
            .filter((line) => line.startsWith("used"));
        assert.ok(Number(used!.split(" ")[1]) > Date.now() / 1000 - DAY);
    });

    it("leaves on a manager what services name, and everything while it does not know that", () => {
        writeFileSync(at("services/s1"), "web:2@sha256:x web:1@sha256:b\n");
        writeFileSync(at("state"), "locked false");
        assert.equal(prune(8).length, 5);
        writeFileSync(at("state"), "active true");
        assert.deepEqual(prune(8), ["idle", "kept", "local", "used"]);
    });
});

describe("The reserve on a manager's disk", () => {
    it("is made where four times as much is free, is missed when it is gone, and goes with the setting", () => {
        const root = mkdtempSync(join(tmpdir(), "skep-test-"));
        try {
            mkdirSync(join(root, "bin"));
            writeFileSync(join(root, "bin/dockerd"), "", { mode: 0o755 });
            const script = hostScript("reserve").replaceAll("/etc/skep/reserve", join(root, "asked"));
            const file = join(root, "skep-reserve");
            const run = (step: string, freeKib = 9000) => {
                const df = `#!/bin/sh\nprintf 'head\\nfs 1 1 ${freeKib} 1%% /\\n'\n`;
                writeFileSync(join(root, "bin/df"), df, { mode: 0o755 });
                const env = { PATH: `${join(root, "bin")}:${process.env.PATH}` };
                const whole = `data_root() { echo ${root}; }\n${script}\n${step} && echo yes || echo no`;
                return execFileSync("sh", ["-c", whole], { env, encoding: "utf8" }).trim();
            };
            assert.equal(run("reserve_differs"), "no");
            writeFileSync(join(root, "asked"), "2\n");
            assert.equal(run("reserve_differs", 8191), "no");
            assert.equal(run("reserve_differs", 8192), "yes");
            assert.equal(run("keep_reserve"), "yes");
            assert.equal(statSync(file).size, 2 * 1024 * 1024);
            assert.equal(statSync(file).mode & 0o777, 0o600);
            assert.equal(run("reserve_differs"), "no");
            rmSync(join(root, "asked"));
            run("keep_reserve");
            assert.ok(!existsSync(file));
        } finally {
            rmSync(root, { recursive: true });
        }
    });
});

describe("Settings of upkeep", () => {
    it("prune nothing and upgrade nothing by default, and keep a reserve", () => {
        assert.deepEqual(checkSettings("dev", {}).settings?.upkeep, {
            securityUpgrades: false,
            reserveMib: 256,
        });
        const { settings } = checkSettings("dev", { upkeep: { pruneImages: "7d" } });
        assert.equal(settings?.upkeep.pruneImages, 7);
        for (const upkeep of [{ pruneImages: "12h" }, { pruneImages: 7 }, { reserveMib: -1 }])
            assert.deepEqual(
                checkSettings("dev", { upkeep }).problems.map(({ id }) => id),
                ["CONFIG_VALUE"],
            );
    });
});
