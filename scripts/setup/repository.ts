// The repository that hosts install docker-ce from: the mirror that the settings name, Docker's own, or, where that cannot be
// reached, one built from Debian's engine packages (offline/repository), which lab hosts mount. Docker 29 is added to that
// one when a stack asks for it (engine29.ts).

import { readFile } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { gunzipSync } from "node:zlib";
import { SkepError, skepError } from "../../errors";
import { ENGINE_PACKAGES, type EnginePackage } from "../../planning/engine-packages";
import { BUILT_ENGINE } from "../../planning/tested-engines";
import type { RepositorySettings } from "../../config/repository";
import type { Progress } from "./progress";
import { cachedFolder, cacheFolder, folderHash, markUsed, withWorkFolder } from "./cache";
import { installPackages, runForAll } from "./programs";
import { compareDebianVersions } from "./debian-versions";
import { ensureBuiltEngine } from "./engine29";
import { download } from "./fetch";

const OFFICIAL_URL = "https://download.docker.com/linux/debian";
/** The key of Docker's packages, from Docker's installation guide. */
const OFFICIAL_FINGERPRINT = "9DC858229FC7DD38854AE2D88D81803C0EBFCD88";

const SOURCE = join(__dirname, "../../offline/repository");
const BUILD_SECONDS = 1200;
const ADD_SECONDS = 300;
const FETCH_SECONDS = 60;

/** A folder of this machine, and where lab hosts see it. */
export interface Mount {
    source: string;
    target: string;
}

export interface DockerRepository {
    kind: "official" | "mirror" | "debian";
    /** The URL in a host's apt sources. `$url/gpg` is the key. */
    url: string;
    /** The signing key's, without spaces. */
    fingerprint: string;
    /** For a repository on this machine: every lab host mounts the folder `source` at `target`, read-only. */
    mount?: Mount;
    /** Whether hosts reach it by the proxy that this machine's environment names. */
    viaProxy?: boolean;
}

/** What a stack needs of a repository. */
export interface RepositoryWishes {
    /** Whether Docker's own is taken: this machine, or the hosts, reach it. */
    official: boolean;
    /** The mirror that the settings name; it goes before all others. */
    mirror?: RepositorySettings;
    /**
     * What the hosts of a standing lab mount. A container keeps its mounts for life, so the lab keeps this repository, with
     * its key, even if a new lab would get another one.
     */
    mounted?: Mount;
    /** Whether Docker 29 is wanted, which Debian does not have. */
    withBuilt?: boolean;
}

/** Where lab hosts see the repository: its folder has this path in apt's sources. */
const HOST_FOLDER = "/srv/docker-repository";
const HOST_URL = `file://${HOST_FOLDER}/linux/debian`;

/** The repository for hosts: the mirror if there is one, Docker's own if `official`, else one from the cache, built when missing. */
export async function ensureRepository(
    progress: Progress,
    { official, mirror, mounted, withBuilt = false }: RepositoryWishes,
): Promise<DockerRepository> {
    if (mirror) return { kind: "mirror", ...mirror };
    if (official) return { kind: "official", url: OFFICIAL_URL, fingerprint: OFFICIAL_FINGERPRINT };
    const standing = mounted && (await markUsed(folderOf(mounted))) ? mounted : undefined;
    const folder = standing ? folderOf(standing) : await made(progress);
    if (withBuilt) await addBuilt(progress, folder);
    return {
        kind: "debian",
        url: HOST_URL,
        fingerprint: (await readFile(join(folder, "fingerprint"), "utf8")).trim(),
        // The folder itself has the key that signs the packages, which is none of the hosts' business.
        mount: standing ?? { source: join(folder, "linux"), target: `${HOST_FOLDER}/linux` },
    };
}

/** The mount of a lab host that is its repository, of all of the host's; undefined if it has none. */
export function repositoryMount(mounts: readonly Mount[]): Mount | undefined {
    return mounts.find(({ target }) => target === HOST_FOLDER || target === `${HOST_FOLDER}/linux`);
}

/** The repository's folder in the cache. Hosts that an earlier Skep made mount all of it. */
function folderOf({ source, target }: Mount): string {
    return target === HOST_FOLDER ? source : dirname(source);
}

async function made(progress: Progress): Promise<string> {
    const name = `repository/${await folderHash(SOURCE)}`;
    return cachedFolder(name, (folder) => build(progress, folder), progress);
}

/** Adds Docker 29 to the packages of a repository, where standing hosts see it too. */
async function addBuilt(progress: Progress, folder: string): Promise<void> {
    const { engine } = BUILT_ENGINE;
    const has = async () => (await readFile(join(folder, "added"), "utf8").catch(() => "")).trim() === engine;
    if (await has()) return;
    const programs = await ensureBuiltEngine(progress);
    await withWorkFolder(
        relative(cacheFolder(), folder),
        async (temporary) => {
            // Another set-up may have added it meanwhile.
            if (await has()) return;
            await installPackages(progress, ["apt-utils", "gnupg"], `A repository with Docker ${engine}`);
            await progress.step(`Adding Docker ${engine} to the docker-ce repository`, () =>
                runForAll(join(SOURCE, "add.sh"), [folder, programs], {
                    what: `adding Docker ${engine} to the docker-ce repository`,
                    timeoutSeconds: ADD_SECONDS,
                    env: { TMPDIR: temporary },
                }),
            );
        },
        progress,
    );
}

async function build(progress: Progress, folder: string): Promise<void> {
    await installPackages(
        progress,
        ["apt-utils", "gnupg", "debian-archive-keyring"],
        "A docker-ce repository from Debian's packages",
    );
    await progress.step("Building a docker-ce repository from Debian's engine packages", () =>
        runForAll(join(SOURCE, "build.sh"), [folder], {
            what: "building the docker-ce repository",
            timeoutSeconds: BUILD_SECONDS,
            // The cache removes this folder with the gigabyte that a killed build leaves in it.
            env: { TMPDIR: folder },
            advice: "Debian's packages must be reachable by apt-get; see to that and try again.",
        }),
    );
    const missing = (await readFile(join(folder, "missing"), "utf8")).trim();
    if (missing !== "") progress.note(`Left out of the repository: ${missing}`);
}

/** The versions of each package for a Debian suite ("bookworm"), newest first. */
export async function listPackages(
    repository: DockerRepository,
    suite: string,
    architecture = process.arch === "arm64" ? "arm64" : "amd64",
): Promise<Record<EnginePackage, string[]>> {
    return parsePackages(
        await readIndex(repository, `dists/${suite}/stable/binary-${architecture}/Packages.gz`),
    );
}

async function readIndex(repository: DockerRepository, path: string): Promise<string> {
    if (repository.mount) {
        const { source, target } = repository.mount;
        const folder = repository.url.replace(`file://${target}`, source);
        return gunzipSync(await readFile(join(folder, path))).toString();
    }
    const url = `${repository.url}/${path}`;
    try {
        return gunzipSync(await download(url, { seconds: FETCH_SECONDS })).toString();
    } catch (error) {
        if (error instanceof SkepError) throw error;
        throw skepError(
            "DOCKER_PACKAGES",
            `The index of docker-ce packages could not be read (${url}): ${(error as Error).message}.`,
            repository.kind === "mirror"
                ? "See to skep:repository and to the network, and try again."
                : "Look at the network and try again; SKEP_OFFLINE=1 uses Debian's engine packages instead.",
        );
    }
}

/** Reads a Debian package index. Pure. */
export function parsePackages(index: string): Record<EnginePackage, string[]> {
    const versions: Record<EnginePackage, string[]> = {
        "docker-ce": [],
        "docker-ce-cli": [],
        "containerd.io": [],
    };
    for (const paragraph of index.split(/\n\n+/)) {
        const name = /^Package: (.+)$/m.exec(paragraph)?.[1] as EnginePackage | undefined;
        const version = /^Version: (.+)$/m.exec(paragraph)?.[1];
        if (name && version && name in versions) versions[name].push(version);
    }
    for (const name of ENGINE_PACKAGES) versions[name].sort((a, b) => compareDebianVersions(b, a));
    return versions;
}
