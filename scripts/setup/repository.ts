// The repository that hosts install docker-ce from: the mirror that the settings name, Docker's own, or, where that cannot be
// reached, one built from Debian's engine packages (offline/repository), which lab hosts mount.

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { SkepError, skepError } from "../../errors";
import { ENGINE_PACKAGES, type EnginePackage } from "../../planning/engine-packages";
import type { RepositorySettings } from "../../config/repository";
import type { Progress } from "./progress";
import { cachedFolder, folderHash } from "./cache";
import { installPackages, runForAll } from "./programs";
import { compareDebianVersions } from "./debian-versions";
import { download } from "./fetch";

const OFFICIAL_URL = "https://download.docker.com/linux/debian";
/** The key of Docker's packages, from Docker's installation guide. */
const OFFICIAL_FINGERPRINT = "9DC858229FC7DD38854AE2D88D81803C0EBFCD88";

const SOURCE = join(__dirname, "../../offline/repository");
const BUILD_SECONDS = 1200;
const FETCH_SECONDS = 60;

export interface DockerRepository {
    kind: "official" | "mirror" | "debian";
    /** The URL in a host's apt sources. `$url/gpg` is the key. */
    url: string;
    /** The signing key's, without spaces. */
    fingerprint: string;
    /** For a repository on this machine: every lab host mounts the folder `source` at `target`, read-only. */
    mount?: { source: string; target: string };
    /** Whether hosts reach it by the proxy that this machine's environment names. */
    viaProxy?: boolean;
}

/** The folder of a built repository on lab hosts. */
const MOUNT_TARGET = "/srv/docker-repository";

/** The repository for hosts: the mirror if there is one, Docker's own if `official`, else one from the cache, built when missing. */
export async function ensureRepository(
    progress: Progress,
    official: boolean,
    mirror?: RepositorySettings,
): Promise<DockerRepository> {
    if (mirror) return { kind: "mirror", ...mirror };
    if (official) return { kind: "official", url: OFFICIAL_URL, fingerprint: OFFICIAL_FINGERPRINT };
    const source = await cachedFolder(
        `repository/${await folderHash(SOURCE)}`,
        (folder) => build(progress, folder),
        progress,
    );
    return {
        kind: "debian",
        url: `file://${MOUNT_TARGET}/linux/debian`,
        fingerprint: (await readFile(join(source, "fingerprint"), "utf8")).trim(),
        mount: { source, target: MOUNT_TARGET },
    };
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
