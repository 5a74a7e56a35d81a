// The way in, for a fresh clone too: checks Node, installs npm packages when they are missing or old, then becomes
// `skep <args>` (cli/main.ts), or the runner of the tests for `skep test` (test/run/main.ts). Plain Node without packages: nothing here may need what it installs.

import { spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { constants } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const OLDEST_NODE = [20, 19];
const INSTALL_MINUTES = 15;

checkNode();
checkFolder();
installPackages();
runMain();

function checkNode() {
    const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
    const [oldestMajor, oldestMinor] = OLDEST_NODE;
    if (major > oldestMajor || (major === oldestMajor && minor >= oldestMinor)) return;
    fail(
        `NODE_VERSION: Skep needs Node ${OLDEST_NODE.join(".")} or newer, and this is ${process.versions.node}.`,
    );
}

/** Any other character may be in the folder's name. tsx reads `?` as the begin of a query, and would not find the files. */
function checkFolder() {
    if (!ROOT.includes("?")) return;
    fail(
        `CLONE_FOLDER: The folder ${ROOT} has a question mark in its name, and TypeScript cannot be run there. Rename it.`,
    );
}

/** Installs what package-lock.json says, unless the stamp of the last whole installation says that it is there. */
function installPackages() {
    const stamp = join(ROOT, "node_modules/.skep-stamp");
    const wanted = createHash("sha256")
        .update(readFileSync(join(ROOT, "package-lock.json")))
        .digest("hex");
    if (existsSync(stamp) && readFileSync(stamp, "utf8") === wanted) return;

    const began = Date.now();
    process.stderr.write("• Installing npm packages\n");
    // stdout belongs to the command's result, so only npm's errors are shown.
    const { status, error } = spawnSync("npm", ["ci", "--loglevel", "error"], {
        cwd: ROOT,
        stdio: ["ignore", "ignore", 2],
        timeout: INSTALL_MINUTES * 60 * 1000,
        shell: process.platform === "win32",
    });
    if (error?.code === "ETIMEDOUT")
        fail(`NPM_INSTALL: npm ci took more than ${INSTALL_MINUTES} minutes. Try again.`);
    if (status !== 0) fail("NPM_INSTALL: npm ci failed. Look at what it says above and try again.");
    // Last: killed before this line, the next start installs anew.
    writeFileSync(stamp, wanted);
    process.stderr.write(` ✓ Installing npm packages (${Math.round((Date.now() - began) / 1000)} s)\n`);
}

function runMain() {
    // By its full address, since --import looks from the folder that the command is typed in.
    const tsx = pathToFileURL(join(ROOT, "node_modules/tsx/dist/loader.mjs")).href;
    const [command, ...others] = process.argv.slice(2);
    const [main, args] =
        command === "test"
            ? ["test/run/main.ts", others]
            : ["cli/main.ts", command === undefined ? [] : [command, ...others]];
    const child = spawn(process.execPath, ["--import", tsx, join(ROOT, main), ...args], {
        stdio: "inherit",
    });

    // The child ends in its own time, and this process waits for it. A terminal has sent it the same signal; the child takes
    // the two for one.
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));

    child.on("error", (error) => fail(`SKEP_START: Skep did not start: ${error.message}.`));
    child.on("exit", (code, signal) => {
        process.exitCode = code ?? 128 + (constants.signals[signal] ?? 0);
    });
}

function fail(sentence) {
    process.stderr.write(`${sentence}\n`);
    // A machine that lacks something: errors/problem-group.ts.
    process.exit(8);
}
