// The script that deploys a compose file on a manager, with a `docker` that only tells what it was given.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { render, service } from "../support/compose";

const SCRIPT = join(__dirname, "../../scripts/host/deploy.sh");

describe("The script that deploys a compose file", () => {
    let folder: string;
    before(async function () {
        // Hosts are Linux; what the script writes stays in memory there.
        if (!existsSync("/dev/shm")) this.skip();
        folder = await mkdtemp(join(tmpdir(), "skep-deploy-"));
        const docker = [
            "#!/bin/sh",
            'case "$*" in',
            '    --version) cat "${0%/*}/version" ;;',
            '    *--help*) echo "--detach" ;;',
            '    *) echo "$*" >"${0%/*}/arguments" && env >"${0%/*}/environment" && cat >"${0%/*}/compose" ;;',
            "esac",
        ];
        await writeFile(join(folder, "docker"), `${docker.join("\n")}\n`, { mode: 0o755 });
    });
    after(async () => {
        if (folder) await rm(folder, { recursive: true });
    });

    /** The file that docker of this version is given. */
    async function deployed(version: string, compose: string): Promise<string> {
        await writeFile(join(folder, "version"), `Docker version ${version}, build e6534b4\n`);
        execFileSync("sh", [SCRIPT, "shop", "never"], {
            input: `{}\n${compose}`,
            env: { PATH: `${folder}:${process.env.PATH}`, PASSWORD: "of the host" },
        });
        return readFile(join(folder, "compose"), "utf8");
    }

    it("gives a version to a file that has none, where docker needs one", async () => {
        for (const text of [service(""), `---\n${service("")}`, '{"services": {"web": {"image": "a"}}}']) {
            const { compose } = render(text);
            for (const old of ["20.10.24+dfsg1", "23.0.6", "24.0.9"])
                assert.equal(await deployed(old, compose), `version: "3.9"\n${compose}`);
            for (const newer of ["25.0.0", "28.2.2", "29.0.0-rc.1"])
                assert.equal(await deployed(newer, compose), compose);
        }
    });

    it("leaves a file's own version alone", async () => {
        for (const version of ['version: "3.7"', "'version': '3.3'", '"version" : "3"']) {
            const { compose } = render(`x-version: 1\n${service("")}${version}\n`);
            assert.equal(await deployed("20.10.24", compose), compose);
        }
    });

    it("does not see a version in a label or a comment", async () => {
        const { compose } = render(`# version: 3\n${service('labels:\n  version: "3.9"')}`);
        assert.match(await deployed("24.0.9", compose), /^version: "3\.9"\n# version: 3\n/);
    });

    it("hands docker no variables of the host, which would get into services", async () => {
        await deployed("28.2.2", render(service("environment: [PASSWORD]")).compose);
        assert.doesNotMatch(await readFile(join(folder, "environment"), "utf8"), /PASSWORD/);
        const given = await readFile(join(folder, "arguments"), "utf8");
        assert.match(
            given,
            / stack deploy --compose-file - --with-registry-auth .*--prune --detach=true shop\n$/,
        );
    });
});
