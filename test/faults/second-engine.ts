// A second Docker engine on this machine, for tests of which one is taken: it has no network for containers, and a network
// namespace of its own, since an engine without a bridge removes the one that all others have.

import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type Docker from "dockerode";
import { dockerClient } from "../../providers/runtime/docker";
import { eventually } from "../lab/lab";

const START_SECONDS = 60;
const STOP_MILLISECONDS = 20_000;

/** With data, a socket and an id of its own; only root can start one. */
export class SecondEngine {
    readonly folder = mkdtempSync(join(tmpdir(), "skep-test-"));
    readonly socket = join(this.folder, "docker.sock");
    readonly host = `unix://${this.socket}`;
    readonly client: Docker = dockerClient({ host: this.host });
    private daemon?: ChildProcess;

    /** Starts it and waits until it answers. */
    async start(): Promise<void> {
        mkdirSync(join(this.folder, "etc"), { recursive: true });
        // Engines before 23 have their id in /etc/docker, which all on a machine share: this one sees a folder of its own.
        const script = `mkdir -p /etc/docker && mount --bind '${this.folder}/etc' /etc/docker && exec dockerd "$@"`;
        const options = [
            ["host", this.host],
            ["data-root", join(this.folder, "data")],
            ["exec-root", join(this.folder, "exec")],
            ["pidfile", join(this.folder, "pid")],
            ["storage-driver", "vfs"],
            ["bridge", "none"],
            ["iptables", "false"],
            ["ip-forward", "false"],
        ].map(([name, value]) => `--${name}=${value}`);
        let said = "";
        this.daemon = spawn("unshare", ["--mount", "--net", "sh", "-c", script, "sh", ...options], {
            stdio: ["ignore", "ignore", "pipe"],
        });
        this.daemon.stderr?.on("data", (chunk) => (said += String(chunk)));
        const { daemon } = this;
        await eventually(
            "the second engine",
            async () => {
                if (daemon.exitCode !== null) throw new Error(said.slice(-2000));
                return this.client.ping();
            },
            START_SECONDS,
        );
    }

    /** Ends it, by force when it does not end in time, and takes its data away. */
    async stop(): Promise<void> {
        const { daemon } = this;
        if (daemon && daemon.exitCode === null) {
            const ended = new Promise((resolve) => daemon.once("exit", resolve));
            daemon.kill("SIGTERM");
            const timer = setTimeout(() => daemon.kill("SIGKILL"), STOP_MILLISECONDS);
            await ended;
            clearTimeout(timer);
        }
        rmSync(this.folder, { recursive: true, force: true });
    }
}
