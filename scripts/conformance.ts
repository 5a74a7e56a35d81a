// Runs the same small programs on Pulumi's official plugins and on the stand-ins, and compares: outputs, updates,
// replacements, what a refresh finds. For a machine that reaches Pulumi's downloads: npm run conformance
// `-- standins` compares the stand-ins with themselves, which says that the comparison works.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { utils } from "ssh2";
import { pack } from "tar-stream";
import { createProgress } from "./progress";
import { ensureDocker } from "./setup/docker";
import { ensureEngine } from "./setup/engine";
import { ensureStandIns } from "./setup/plugins";
import { reachability } from "./setup/reachability";
import { differences } from "./testing/compare";
import { cases, perform, type Side } from "./testing/conform";
import { SshHost } from "./testing/ssh-host";

const [REPO, TAG] = ["skep-lab/conformance", "1"];

async function main(): Promise<number> {
    const progress = createProgress();
    const self = process.argv[2] === "standins";
    const reachable = await reachability(progress);
    if (!self && !reachable.pulumi) {
        console.error(
            "CONFORMANCE_OFFLINE: Pulumi's plugin downloads are out of reach. Run this where they are not, or with: npm run conformance -- standins",
        );
        return 1;
    }
    const engine = (await ensureEngine(progress, reachable.pulumi)).root;
    const standIns = {
        PULUMI_HOME: await ensureStandIns(progress),
        PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true",
    };
    const folder = mkdtempSync(join(tmpdir(), "skep-conformance-"));
    const side = (name: string, environment: Record<string, string>): Side => ({
        name,
        engine,
        environment,
        folder: join(folder, name),
    });
    const one = self
        ? side("stand-ins again", standIns)
        : side("official plugins", { PULUMI_HOME: join(folder, "home") });
    const two = side("stand-ins", standIns);
    const image = await emptyImage();
    const [hostKey, login] = [utils.generateKeyPairSync("ed25519"), utils.generateKeyPairSync("ed25519")];
    const host = new SshHost({ hostKey: hostKey.private, authorizedKey: login.public });
    const ssh = { port: await host.listen(), privateKey: login.private, hostKey: hostKey.public };
    const found: string[] = [];
    try {
        for (const it of cases({ image, ssh }))
            await progress.step(`Comparing ${it.name}: ${one.name} / ${two.name}`, async () => {
                // One after the other: names and ports are the same.
                const first = await perform(it, one);
                found.push(...differences(first, await perform(it, two)));
            });
    } finally {
        await host.close();
        rmSync(folder, { recursive: true, force: true });
    }
    for (const line of found) console.log(line);
    console.log(`${found.length} differences between ${one.name} and ${two.name}`);
    return found.length > 0 ? 1 : 0;
}

/** An image with nothing in it, for containers that are made and never started. */
async function emptyImage(): Promise<string> {
    const docker = await ensureDocker(createProgress({ silent: true }));
    const nothing = pack();
    nothing.finalize();
    const stream = await docker.importImage(nothing as unknown as NodeJS.ReadableStream, {
        repo: REPO,
        tag: TAG,
    });
    await new Promise<void>((resolve, reject) =>
        docker.modem.followProgress(stream, (error) => (error ? reject(error) : resolve())),
    );
    return `${REPO}:${TAG}`;
}

main().then(
    (code) => process.exit(code),
    (error: unknown) => {
        console.error(error instanceof Error ? error.message : error);
        process.exit(1);
    },
);
