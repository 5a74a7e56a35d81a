// The hosts of a lab, exactly as a stack declares them, and everything that may happen to them. Every set of plugins must see
// the same in them, and must not change them.

import { setTimeout as sleep } from "node:timers/promises";
import type Docker from "dockerode";
import { LabHosts, type LabHostsArgs } from "../../components/hosts/lab";
import { hasBooted, output } from "../../lab/hosts";
import { planPlacement } from "../../planning/placement";
import type { Case, Version } from "./cases";

/** What the case needs on this machine. */
export interface HostsCase {
    docker: Docker;
    /** The id of this clone of the project. */
    project: string;
    /** The reference of the lab host's image. */
    image: string;
    repositoryMount: LabHostsArgs["repositoryMount"];
    /** Restarts the machine's engine. Undefined when others may be using it. */
    restartEngine?: () => Promise<void>;
}

const STACK = "test-conformance";
const HOST = `skep-${STACK}-worker-1`;
const SUBNET = "10.189.16.0/20";
/** Below the blocks from which labs choose. */
const PORTS = 20_600;
const BOOT_SECONDS = 90;
const POLL_MILLISECONDS = 200;
/**
 * Ends systemd at once (systemd(1), SIGRTMIN+15). It must come from inside: the engine would count a host that it ended
 * itself as stopped by hand.
 */
const CRASH = ["kill", "-49", "1"];
/** The engine's pause begins at 0.1 s and doubles at every crash. A preview needs a pause of some seconds. */
const CRASHES = 9;

/** Creates hosts, to which one event after another happens. Restarts, which take minutes, have a case of their own. */
export function hostsCases(args: HostsCase): Case[] {
    const container = args.docker.getContainer(HOST);
    const { hosts } = planPlacement({ managers: 1, workers: 1, zones: ["zone-a", "zone-b"] });
    const program = () => {
        new LabHosts("lab", {
            stack: STACK,
            project: args.project,
            facts: {},
            renewed: [],
            hosts,
            image: args.image,
            subnet: SUBNET,
            ports: PORTS,
            appPort: 8080,
            registryPort: 5000,
            repositoryMount: args.repositoryMount,
        });
    };
    const after = (title: string, before: () => Promise<void>): Version => ({ title, before, program });
    const booted = () => until("a host to boot", () => hasBooted(container));
    const hostsThatStop: Version[] = [
        program,
        program,
        after("while a host is stopped", () => container.stop() as Promise<void>),
        after("once it is started", async () => {
            await container.start();
            await booted();
        }),
    ];
    const hostsThatRestart: Version[] = [
        program,
        {
            ...{ title: "while a host restarts", before: () => crash(container), program },
            previewOnly: true,
        },
        after("once it has restarted", booted),
        after("once a host was rebooted", async () => {
            const { StartedAt } = (await container.inspect()).State;
            await output(container, ["systemctl", "reboot"]);
            await until("a host to reboot", async () => {
                const { State } = await container.inspect();
                return State.Running && State.StartedAt !== StartedAt;
            });
            await booted();
        }),
    ];
    const { restartEngine } = args;
    if (restartEngine)
        hostsThatRestart.push(
            after("once the engine was restarted", async () => {
                await restartEngine();
                await booted();
            }),
        );
    return [
        { name: "hosts", versions: hostsThatStop },
        { name: "restarting-hosts", versions: hostsThatRestart },
    ];
}

/** Ends the host's init again and again, until the engine makes a long pause before the next start. */
async function crash(container: Docker.Container): Promise<void> {
    for (let i = 0; i < CRASHES; i++) {
        const { RestartCount } = await container.inspect();
        await until("a host to crash", async () => {
            const { State, RestartCount: now } = await container.inspect();
            if (State.Restarting || now > RestartCount) return true;
            await output(container, CRASH);
            return false;
        });
        if (i + 1 < CRASHES)
            await until("a host to start again", async () => {
                const { State } = await container.inspect();
                return State.Running && !State.Restarting;
            });
    }
}

async function until(what: string, isSo: () => Promise<boolean>): Promise<void> {
    const end = Date.now() + BOOT_SECONDS * 1000;
    while (!(await isSo())) {
        if (Date.now() > end) throw new Error(`waited ${BOOT_SECONDS} seconds for ${what}`);
        await sleep(POLL_MILLISECONDS);
    }
}
