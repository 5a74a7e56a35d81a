// The images of the lab: the host, the gateway, and workloads (registry, sample web server and client). Each has a hash of its
// sources as its tag, so an image that exists is up to date. Their base is Docker Hub's images, or where those cannot be reached
// Debian's packages (lab/offline).

import { stat } from "node:fs/promises";
import { basename, join } from "node:path";
import { Readable } from "node:stream";
import { stripVTControlCharacters } from "node:util";
import type Docker from "dockerode";
import { pack } from "tar-stream";
import { skepError } from "../../errors";
import { hasLoopbackProxy, proxiesOf } from "../../planning/proxies";
import { ifThere } from "../../providers/runtime/docker";
import type { Progress } from "./progress";
import { cacheFolder, contentHash, markUsed, readFolder, withWorkFolder, writeWhole } from "./cache";
import { capital, installPackages, runForAll } from "./programs";
import { diskFull, saysDiskFull } from "./disk";
import { hubReference } from "./mirrors";
import { allOrProblems } from "./all-or-problems";

const ROOT = join(__dirname, "../..");
const OFFLINE = join(ROOT, "lab/offline");

/** The images of Docker Hub. All tags but the registry's still get updates. */
export const HUB = {
    debian: "debian:bookworm-slim",
    nginx: "nginx:1.30-alpine",
    registry: "registry:2.8.3",
    curl: "curlimages/curl:8.17.0",
} as const;

/** The label of images that belong to the cache, not to a stack. */
export const CACHE_LABEL = "io.skep.cache";
const LABELS = { [CACHE_LABEL]: "true" };
/** The first part of the names of the images made here. */
export const OWN_IMAGES = "skep-lab/";
/**
 * The server in the names of images that nodes run without Skep's registry; it can never exist (RFC 6761). An engine asks the
 * server for the image at each start of a task, and on Docker Hub anybody may have put something under Skep's name.
 */
export const NO_SERVER = "skep.invalid/";

const PULL_SECONDS = 300;
/** Measured on a busy machine: 350 and 90 seconds. */
const BUILD_SECONDS = 1800;
const BOOTSTRAP_SECONDS = 600;
/** How many lines of a failed build's output an error shows. */
const SHOWN_LINES = 8;

/** An image of this machine's engine. */
export interface Image {
    ref: string;
    id: string;
}

export interface Images {
    /** A lab host: systemd, sshd, cloud-init. */
    host: Image;
    /** HAProxy, which publishes the ports of swarm stacks. */
    gateway: Image;
    /** `registry serve /etc/docker/registry/config.yml`. */
    registry: Image;
    /** The sample stack's web server. */
    web: Image;
    /** The sample stack's client. */
    client: Image;
}

/** Makes the images that are missing. */
export async function ensureImages(progress: Progress, docker: Docker, dockerHub: boolean): Promise<Images> {
    const maker = new ImageMaker(progress, docker);
    const base = dockerHub ? await maker.pull(HUB.debian) : await maker.bootstrap();
    const debian = (name: "nginx" | "registry" | "curl", more: readonly string[] = []) =>
        maker.build({
            name,
            base,
            folder: OFFLINE,
            dockerfile: `${name}.Dockerfile`,
            only: more,
            ...(name === "registry" && { server: NO_SERVER }),
        });
    const workload = (name: "nginx" | "curl") => (dockerHub ? maker.pull(HUB[name]) : debian(name));
    // An image of Skep's own: a swarm would pin the pulled one to Docker Hub's digest, and nodes would pull it from there.
    const officialRegistry = async () =>
        maker.build({
            name: "registry",
            server: NO_SERVER,
            base: await maker.pull(HUB.registry),
            folder: join(ROOT, "lab/registry"),
        });
    const sample = async (name: "web" | "client", on: Promise<Image>) =>
        maker.build({ name, base: await on, folder: join(ROOT, "stacks/sample", name) });

    const [host, gateway, registry, web, client] = await allOrProblems([
        maker.build({ name: "host", base, folder: join(ROOT, "lab/host") }),
        maker.build({ name: "gateway", base, folder: join(ROOT, "lab/gateway") }),
        dockerHub ? officialRegistry() : debian("registry", ["registry.yml"]),
        sample("web", workload("nginx")),
        sample("client", workload("curl")),
    ]);
    return { host, gateway, registry, web, client };
}

interface Recipe {
    name: string;
    /** The server in its reference. Default: none, which means Docker Hub. */
    server?: string;
    base: Image;
    folder: string;
    /** Default `Dockerfile`. */
    dockerfile?: string;
    /** The files that it copies. Default: all of the folder. */
    only?: readonly string[];
}

/** What the engine streams while it builds or pulls. */
interface StreamEvent {
    stream?: string;
    status?: string;
    error?: string;
}

interface ContextFile {
    path: string;
    content: Buffer;
    executable: boolean;
}

/** The file of the cache whose time is that of the image's last use, which the engine does not know. */
export function imageMark(ref: string): string {
    return join(cacheFolder(), "images", basename(ref).replace(":", "-"));
}

async function markImage(ref: string): Promise<void> {
    const mark = imageMark(ref);
    if (!(await markUsed(mark))) await writeWhole(mark, ref);
}

class ImageMaker {
    constructor(
        private readonly progress: Progress,
        private readonly docker: Docker,
    ) {}

    /** An image by its name, or undefined. */
    private async find(ref: string): Promise<Image | undefined> {
        const found = await ifThere(this.docker.getImage(ref).inspect());
        return found && { ref, id: found.Id };
    }

    /** An image of Docker Hub or of its mirror, pulled when missing. */
    async pull(name: string): Promise<Image> {
        const ref = hubReference(name);
        const found = await this.find(ref);
        if (found) return found;
        return this.progress.step(`Pulling ${ref}`, async (update) => {
            await this.follow(this.docker.pull(ref), `pulling ${ref}`, PULL_SECONDS, update);
            return this.existing(ref);
        });
    }

    /** A minimal Debian from the mirror that this machine uses. */
    async bootstrap(): Promise<Image> {
        const recipe = (await readContext(OFFLINE, ["debian.sh"])).map((file) => file.content);
        const repo = `${OWN_IMAGES}debian`;
        const tag = `bookworm-${contentHash(...recipe)}`;
        return this.once(`${repo}:${tag}`, (folder) => this.makeDebian(repo, tag, folder));
    }

    private async makeDebian(repo: string, tag: string, folder: string): Promise<void> {
        const packages = ["mmdebstrap", "debian-archive-keyring"];
        // Users other than root unpack it in a user namespace.
        if (process.getuid?.() !== 0) packages.push("uidmap");
        await installPackages(this.progress, packages, "A base image without Docker Hub");
        await this.progress.step("Building a Debian base image", async (update) => {
            const archive = join(folder, "debian.tar");
            await runForAll(join(OFFLINE, "debian.sh"), [archive], {
                what: "building a Debian base image",
                timeoutSeconds: BOOTSTRAP_SECONDS,
                advice: "Debian's packages must be reachable by apt-get; see to that and try again.",
            });
            const changes = Object.entries(LABELS).map(([name, value]) => `LABEL ${name}=${value}`);
            const stream = this.docker.importImage(archive, { repo, tag, changes: changes.join("\n") });
            await this.follow(stream, "importing the base image", PULL_SECONDS, update);
        });
    }

    /** An image of Skep's, made when missing, by one setup at a time. Notes its use. */
    private async once(ref: string, make: (folder: string) => Promise<void>): Promise<Image> {
        const found =
            (await this.find(ref)) ??
            (await withWorkFolder(
                `images/${basename(imageMark(ref))}`,
                async (folder) => {
                    const other = await this.find(ref);
                    if (other) return other;
                    await make(folder);
                    return this.existing(ref);
                },
                this.progress,
            ));
        await markImage(ref);
        return found;
    }

    /** An image from a Dockerfile of the project, tagged by a hash of its sources. */
    async build({
        name,
        server = "",
        base,
        folder,
        dockerfile = "Dockerfile",
        only,
    }: Recipe): Promise<Image> {
        const files = await readContext(folder, only && [dockerfile, ...only]);
        const parts = files.flatMap(({ path, content, executable }) => [path, content, String(executable)]);
        const ref = `${server}${OWN_IMAGES}${name}:${contentHash(base.id, ...parts)}`;
        return this.once(ref, () => this.makeImage(ref, base, dockerfile, files));
    }

    private async makeImage(
        ref: string,
        base: Image,
        dockerfile: string,
        files: readonly ContextFile[],
    ): Promise<void> {
        await this.progress.step(`Building the image ${ref.split(":")[0]}`, async (update) => {
            const context = pack();
            for (const { path, content, executable } of files)
                context.entry({ name: path, mode: executable ? 0o755 : 0o644 }, content);
            context.finalize();
            const options = {
                t: ref,
                dockerfile,
                buildargs: { BASE: base.id, ...proxies() },
                labels: LABELS,
                forcerm: true,
                // Only this machine's own network reaches a proxy on its loopback.
                ...(hasLoopbackProxy(process.env) && { networkmode: "host" }),
            };
            await this.follow(
                this.docker.buildImage(Readable.from(context), options),
                `building ${ref}`,
                BUILD_SECONDS,
                update,
            );
        });
    }

    private async existing(ref: string): Promise<Image> {
        const image = await this.find(ref);
        if (!image) throw new Error(`the engine reported success, but has no image ${ref}`);
        return image;
    }

    /** Waits for the end of a build, pull or import, and throws the error that the engine reports. */
    private async follow(
        started: Promise<NodeJS.ReadableStream>,
        what: string,
        seconds: number,
        update: (text: string) => void,
    ): Promise<void> {
        const failure = async (text: string) =>
            saysDiskFull(text)
                ? await diskFull(what)
                : skepError(
                      "IMAGE",
                      `${capital(what)} failed: ${text.trim()}.`,
                      "Look at what it says and at the network, and try again.",
                  );
        let output = "";
        const stream = await started.catch(async (error: Error) => {
            throw await failure(error.message);
        });
        const problem = await new Promise<string | undefined>((resolve) => {
            const timer = setTimeout(() => {
                (stream as NodeJS.ReadableStream & { destroy(): void }).destroy();
                resolve(`it took more than ${seconds} seconds`);
            }, seconds * 1000);
            let reported: string | undefined;
            const finished = (error: Error | null) => {
                clearTimeout(timer);
                resolve(reported ?? error?.message);
            };
            this.docker.modem.followProgress(stream, finished, (event: StreamEvent) => {
                // The engine's HTTP answer is always a success; a failure is an event in it.
                reported = event.error ?? reported;
                const text = stripVTControlCharacters(event.stream ?? `${event.status ?? ""}\n`);
                output += text;
                if (text.trim() !== "") update(text.trim().split("\n")[0] ?? "");
            });
        });
        if (problem !== undefined)
            throw await failure([...output.trimEnd().split("\n").slice(-SHOWN_LINES), problem].join("\n"));
    }
}

async function readContext(folder: string, only?: readonly string[]): Promise<ContextFile[]> {
    const files = [...(await readFolder(folder))].filter(
        ([path]) => only === undefined || only.includes(path),
    );
    return Promise.all(
        files.map(async ([path, content]) => {
            const { mode } = await stat(join(folder, path));
            return { path, content, executable: (mode & 0o100) !== 0 };
        }),
    );
}

/** The proxies of this process, as build arguments in both spellings. */
function proxies(): Record<string, string> {
    const found = Object.entries(proxiesOf(process.env));
    return Object.fromEntries([...found, ...found.map(([name, value]) => [name.toUpperCase(), value])]);
}
