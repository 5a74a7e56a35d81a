// A registry that plays Docker Hub, with the images that Skep pulls from there. The test makes them from the images that
// set-up builds on networks without Docker Hub: it flattens them and adds what the official ones have in addition, such as
// entry points, a user of their own, Docker's settings of apt and its policy-rc.d.

import { randomBytes } from "node:crypto";
import { Readable } from "node:stream";
import type Docker from "dockerode";
import { pack } from "tar-stream";
import { PROJECT_LABEL, STACK_LABEL } from "../../planning/labels";
import { HUB, type Image, NO_SERVER, OWN_IMAGES } from "../../scripts/setup/images";
import { hubReference } from "../../scripts/setup/mirrors";
import { projectId } from "../../lab/project";

const PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/** What the official image has in addition, by the name of set-up's image on this engine. */
const OFFICIAL: Record<keyof typeof HUB, { files: Record<string, string>; lines: readonly string[] }> = {
    debian: {
        files: {
            "usr/sbin/policy-rc.d": "#!/bin/sh\nexit 101\n",
            "etc/dpkg/dpkg.cfg.d/docker-apt-speedup": "force-unsafe-io\n",
            "etc/apt/apt.conf.d/docker-clean": [
                'DPkg::Post-Invoke { "rm -f /var/cache/apt/archives/*.deb /var/cache/apt/*.bin || true"; };',
                'APT::Update::Post-Invoke { "rm -f /var/cache/apt/archives/*.deb /var/cache/apt/*.bin || true"; };',
                'Dir::Cache::pkgcache "";',
                'Dir::Cache::srcpkgcache "";',
                "",
            ].join("\n"),
            "etc/apt/apt.conf.d/docker-gzip-indexes":
                'Acquire::GzipIndexes "true";\nAcquire::CompressionTypes::Order:: "gz";\n',
        },
        lines: ['CMD ["bash"]'],
    },
    nginx: {
        files: { "docker-entrypoint.sh": '#!/bin/sh\nset -e\nexec "$@"\n' },
        lines: [
            'ENTRYPOINT ["/docker-entrypoint.sh"]',
            "EXPOSE 80",
            "STOPSIGNAL SIGQUIT",
            'CMD ["nginx", "-g", "daemon off;"]',
        ],
    },
    registry: {
        files: {
            "entrypoint.sh": [
                "#!/bin/sh",
                "set -e",
                'case "$1" in',
                '    *.yaml | *.yml) set -- registry serve "$@" ;;',
                '    serve | garbage-collect | help | -*) set -- registry "$@" ;;',
                "esac",
                'exec "$@"',
                "",
            ].join("\n"),
        },
        lines: [
            'VOLUME ["/var/lib/registry"]',
            "EXPOSE 5000",
            'ENTRYPOINT ["/entrypoint.sh"]',
            'CMD ["/etc/docker/registry/config.yml"]',
        ],
    },
    curl: {
        files: { "entrypoint.sh": '#!/bin/sh\nset -e\nexec curl "$@"\n' },
        lines: [
            "RUN useradd --system --uid 100 --create-home curl_user",
            "USER curl_user",
            "WORKDIR /home/curl_user",
            'ENTRYPOINT ["/entrypoint.sh"]',
            'CMD ["curl"]',
        ],
    },
};

export class Hub {
    private constructor(
        private readonly docker: Docker,
        private readonly container: Docker.Container,
        /** `host:port`, the form of SKEP_DOCKER_HUB. */
        readonly address: string,
    ) {}

    /** Starts a registry with the label of `stack`, and fills it. `registry` is the image that it runs. */
    static async start(docker: Docker, stack: string, registry: Image): Promise<Hub> {
        const container = await docker.createContainer({
            Image: registry.id,
            Labels: { [STACK_LABEL]: stack, [PROJECT_LABEL]: projectId() },
            ExposedPorts: { "5000/tcp": {} },
            HostConfig: { PortBindings: { "5000/tcp": [{ HostIp: "127.0.0.1", HostPort: "" }] } },
        });
        await container.start().catch(async (error: Error) => {
            await container.remove({ force: true, v: true });
            throw error;
        });
        const { NetworkSettings } = await container.inspect();
        const port = NetworkSettings.Ports["5000/tcp"]?.[0]?.HostPort;
        const hub = new Hub(docker, container, `127.0.0.1:${port}`);
        for (const name of Object.keys(OFFICIAL) as (keyof typeof HUB)[]) await hub.offer(name);
        return hub;
    }

    /** The name of one of Docker Hub's images in this registry. */
    reference(name: keyof typeof HUB): string {
        return hubReference(HUB[name], this.address);
    }

    private async offer(name: keyof typeof HUB): Promise<void> {
        const reference = this.reference(name);
        const flat = `skep-test:${randomBytes(4).toString("hex")}`;
        await this.flatten(await this.made(name), flat);
        try {
            await this.complete(name, flat, reference);
            // The registry has no users, but the API requires a login.
            const authconfig = { username: "", password: "", serveraddress: this.address };
            await this.follow(await this.docker.getImage(reference).push({ authconfig }));
            await this.docker.getImage(reference).remove();
        } finally {
            await this.docker.getImage(flat).remove({ force: true });
        }
    }

    /** The newest image of a name that set-up built without Docker Hub. */
    private async made(name: string): Promise<string> {
        const reference = ["", NO_SERVER].map((server) => `${server}${OWN_IMAGES}${name}`);
        const images = await this.docker.listImages({ filters: { reference } });
        const newest = images.sort((a, b) => b.Created - a.Created)[0];
        if (!newest) throw new Error(`this engine has no ${OWN_IMAGES}${name}`);
        return newest.Id;
    }

    /** Flattens an image to one layer without a history. */
    private async flatten(from: string, to: string): Promise<void> {
        const container = await this.docker.createContainer({ Image: from, Cmd: ["true"] });
        try {
            const [repo, tag] = to.split(":");
            const content = await container.export();
            await this.follow(
                await this.docker.importImage(content as unknown as string, {
                    repo,
                    tag,
                    changes: `ENV PATH=${PATH}`,
                }),
            );
        } finally {
            await container.remove({ v: true });
        }
    }

    private async complete(name: keyof typeof HUB, from: string, to: string): Promise<void> {
        const { files, lines } = OFFICIAL[name];
        const context = pack();
        for (const [path, content] of Object.entries(files))
            context.entry({ name: `files/${path}`, mode: path.startsWith("etc/") ? 0o644 : 0o755 }, content);
        context.entry({ name: "Dockerfile" }, [`FROM ${from}`, "COPY files/ /", ...lines, ""].join("\n"));
        context.finalize();
        await this.follow(
            await this.docker.buildImage(Readable.from(context), { t: to, forcerm: true, nocache: true }),
        );
    }

    private async follow(stream: NodeJS.ReadableStream): Promise<void> {
        await new Promise<void>((resolve, reject) => {
            let reported: string | undefined;
            this.docker.modem.followProgress(
                stream,
                (error) => {
                    const text = reported ?? error?.message;
                    if (text === undefined) resolve();
                    else reject(new Error(text));
                },
                (event: { error?: string }) => (reported = event.error ?? reported),
            );
        });
    }

    async stop(): Promise<void> {
        await this.container.remove({ force: true, v: true });
    }
}
