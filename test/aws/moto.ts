// moto, a stand-in for AWS's API: installs it into the cache, starts it on a free port, and ends it with this process.

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createProgress } from "../../scripts/setup/progress";
import { cachedFolder, contentHash } from "../../scripts/setup/cache";
import { hasApt, installPackages, run, tryRun } from "../../scripts/setup/programs";

const REQUIREMENTS = join(__dirname, "requirements.txt");
const INSTALL_SECONDS = 600;
const START_SECONDS = 60;
const LOG_LINES = 20;

/** An image, in the form of moto's file of images. */
export interface Ami {
    ami_id: string;
    name: string;
    owner_id: string;
    creation_date: string;
    architecture: string;
    root_device_name: string;
    [more: string]: unknown;
}

/** The folder with moto and its packages for this machine's Python. */
async function ensureMoto(): Promise<string> {
    const progress = createProgress();
    if (hasApt() && (await tryRun("python3", ["-m", "pip", "--version"])) === undefined)
        await installPackages(progress, ["python3-pip"], "moto, for the tests of hosts on EC2,");
    const python = (await tryRun("python3", ["--version"])) ?? "";
    const hash = contentHash(readFileSync(REQUIREMENTS), python, process.platform, process.arch);
    return cachedFolder(
        `moto/${hash}`,
        (folder) =>
            progress.step("Installing moto", async () => {
                const pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check"];
                const source = [
                    "--no-deps",
                    "--only-binary",
                    ":all:",
                    "--require-hashes",
                    "-r",
                    REQUIREMENTS,
                ];
                await run("python3", [...pip, ...source, "--target", folder], {
                    what: "installing moto",
                    timeoutSeconds: INSTALL_SECONDS,
                    advice: "See to it that pip reaches its registry, and try again.",
                });
            }),
        progress,
    );
}

export class Moto {
    private constructor(
        readonly endpoint: string,
        private readonly child: ChildProcess,
        private readonly folder: string,
    ) {
        process.once("exit", this.kill);
    }

    /** Starts moto with only these images, and waits until it answers. */
    static async start(address: string, amis: readonly Ami[]): Promise<Moto> {
        const packages = await ensureMoto();
        const folder = mkdtempSync(join(tmpdir(), "skep-moto-"));
        const file = join(folder, "amis.json");
        writeFileSync(file, JSON.stringify(amis));
        const log = join(folder, "log");
        const output = openSync(log, "a");
        const port = await freePort(address);
        const child = spawn(
            "python3",
            [join(__dirname, "moto_server.py"), "-H", address, "-p", String(port)],
            {
                stdio: ["ignore", output, output],
                env: {
                    ...process.env,
                    PYTHONPATH: packages,
                    PYTHONDONTWRITEBYTECODE: "1",
                    MOTO_AMIS_PATH: file,
                },
            },
        );
        const moto = new Moto(`http://${address}:${port}`, child, folder);
        const end = Date.now() + START_SECONDS * 1000;
        while (!(await fetch(`${moto.endpoint}/moto-api/data.json`).catch(() => undefined))?.ok) {
            if (child.exitCode !== null || Date.now() > end) {
                const said = readFileSync(log, "utf8").split("\n").slice(-LOG_LINES).join("\n");
                await moto.stop();
                throw new Error(`moto did not start within ${START_SECONDS} s: ${said}`);
            }
            await new Promise((done) => setTimeout(done, 200));
        }
        return moto;
    }

    async stop(): Promise<void> {
        process.off("exit", this.kill);
        const ended = this.child.exitCode === null ? once(this.child, "exit") : undefined;
        this.kill();
        await ended;
        rmSync(this.folder, { recursive: true, force: true });
    }

    private readonly kill = () => void this.child.kill("SIGKILL");
}

export function freePort(address: string): Promise<number> {
    return new Promise((resolve, reject) => {
        const server = createServer();
        server.once("error", reject);
        server.listen(0, address, () => {
            const found = server.address();
            server.close(() => resolve(typeof found === "object" && found ? found.port : 0));
        });
    });
}
