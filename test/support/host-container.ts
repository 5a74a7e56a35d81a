// Lab hosts outside of a stack: containers that boot as a stack's hosts do, made by a test itself.

import type Docker from "dockerode";
import { pack } from "tar-stream";
import { LAB_HOST_CAPABILITIES, LAB_HOST_OPTIONS } from "../../components/hosts/capabilities";

const SEED = "var/lib/cloud/seed/nocloud";

export interface HostContainer {
    /** The container's name. */
    name: string;
    /** The host's name until its user data gives it another. */
    hostname: string;
    /** The lab host image. */
    image: string;
    labels: Record<string, string>;
    /** The network, and the host's address in it. Default: the engine's own bridge, with any address. */
    network?: { name: string; address: string };
    /** A folder of this machine that the host sees read-only at `target`. Default: none. */
    mount?: { source: string; target: string };
    /** What cloud-init reads at the first boot, by the file's name. */
    seed: Readonly<Record<string, string>>;
}

/** Makes a host without starting it. */
export async function makeHost(docker: Docker, host: HostContainer): Promise<Docker.Container> {
    const { network, mount } = host;
    const made = await docker.createContainer({
        name: host.name,
        Hostname: host.hostname,
        Image: host.image,
        Labels: host.labels,
        StopSignal: LAB_HOST_OPTIONS.stopSignal,
        Volumes: Object.fromEntries(LAB_HOST_OPTIONS.volumes.map((path) => [path, {}])),
        HostConfig: {
            CapDrop: ["ALL"],
            CapAdd: LAB_HOST_CAPABILITIES.map(({ name }) => name),
            SecurityOpt: [...LAB_HOST_OPTIONS.securityOpts],
            CgroupnsMode: LAB_HOST_OPTIONS.cgroupnsMode,
            Tmpfs: { ...LAB_HOST_OPTIONS.tmpfs },
            ...(mount && { Binds: [`${mount.source}:${mount.target}:ro`] }),
            ...(network && { NetworkMode: network.name }),
            // The library's types do not have CgroupnsMode.
        } as Docker.HostConfig,
        ...(network && {
            NetworkingConfig: {
                EndpointsConfig: { [network.name]: { IPAMConfig: { IPv4Address: network.address } } },
            },
        }),
    });
    const archive = pack();
    for (const [file, text] of Object.entries(host.seed)) archive.entry({ name: `${SEED}/${file}` }, text);
    archive.finalize();
    const chunks: Buffer[] = [];
    for await (const chunk of archive) chunks.push(chunk as Buffer);
    await made.putArchive(Buffer.concat(chunks), { path: "/" });
    return made;
}

/** Runs a shell command on a host as root, without SSH. Throws if it fails. */
export async function runOn(container: Docker.Container, command: string): Promise<void> {
    const exec = await container.exec({ Cmd: ["sh", "-c", command], AttachStdout: true, AttachStderr: true });
    const stream = await exec.start({});
    let said = "";
    stream.on("data", (chunk) => (said += String(chunk)));
    await new Promise((done) => stream.once("end", done));
    const { ExitCode } = await exec.inspect();
    if (ExitCode !== 0) throw new Error(`${command} ended with ${ExitCode}: ${said}`);
}
