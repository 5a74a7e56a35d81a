// A second Docker engine on this machine, for tests of the engine that Skep uses. It has no network for containers. It needs
// its own network namespace, because an engine without a bridge removes the bridge of all others.

import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type Docker from "dockerode";
import { dockerClient } from "../../providers/runtime/docker";
import { eventually } from "../lab/lab";

const START_SECONDS = 60;
const STOP_MILLISECONDS = 20_000;

/** An engine with its own data, socket and id. Only root can start it. */
export class SecondEngine {
    readonly folder = mkdtempSync(join(tmpdir(), "skep-test-"));
    readonly socket = join(this.folder, "docker.sock");
    readonly host = `unix://${this.socket}`;
    readonly client: Docker = dockerClient({ host: this.host });
    private daemon?: ChildProcess;

    /** Starts the engine and waits until it answers. */
    async start(): Promise<void> {
        mkdirSync(join(this.folder, "etc"), { recursive: true });
        // Engines before 23 keep their id in /etc/docker, which all engines of a machine share: this one gets its own folder.
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

    /** Stops the engine, by force if it takes too long, and removes its data. */
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
