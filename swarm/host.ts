// One host: its shell, and its own membership of the swarm.
import { isProblemId, SkepError, skepError } from "../errors";
import { membershipOf, type Membership, type Sighting } from "../planning/adoption";
import { type EngineInfo, SWARM_PORT, type SwarmInfo } from "../planning/engine-api";
import { oneLine, reasonOf } from "../planning/sentence";
import { renderHostScript } from "../planning/shell";
import type { Context } from "./context";
import { remote, type CallOptions, type Remote } from "./engine";
import { HostFailure, ifAnswered } from "./failures";
import type { ExecOptions, ExecResult, HostInput } from "./ssh";
import { TimedOut, until } from "./wait";

/** How long a host may take to answer whether it is there, in milliseconds. */
export const PROBE_MS = 8000;
/** Without a majority, a write fails by itself after 16.5 s. */
export const WRITE_MS = 20_000;
/** A script may wait 5 minutes for another script's lock and 5 minutes for the end of the first boot, and then works. */
const SCRIPT_MS = 15 * 60_000;
const INIT_MS = 30_000;
const JOIN_MS = 40_000;
const OPEN_MS = 30_000;

/** The part of a host's SSH connection that Skep uses. */
export type Connection = Pick<
    Remote,
    "call" | "exec" | "lines" | "stream" | "tunnel" | "load" | "push" | "pull" | "inRegistry"
>;

/** What a swarm is made with. */
export interface InitialSwarm {
    /** Whether a manager needs the unlock key after a restart. */
    autolock: boolean;
    /** The range that overlay networks take their addresses from. */
    addressPool: string;
    /** The prefix length of each overlay network, in bits. */
    subnetSize: number;
    /** The UDP port of overlay networks. Default: the engine's. */
    dataPathPort?: number;
}

/** A host, reached through its SSH connection and its engine's API. */
export class Host {
    readonly name: string;
    /** The private address at which the other members of the swarm reach it. */
    readonly address: string;

    constructor(
        input: Pick<HostInput, "name" | "address">,
        /** Used directly for transfers of images, which go to the engine unchanged. */
        readonly connection: Connection,
    ) {
        this.name = input.name;
        this.address = input.address;
    }

    /** The host, through this process's one connection to it. */
    static of(input: HostInput): Host {
        return new Host(input, remote(input));
    }

    /** Sends one request to the host's engine. */
    call<T = unknown>(method: string, path: string, options?: CallOptions): Promise<T> {
        return this.connection.call<T>(method, path, options);
    }

    /** Runs a command in the host's shell. */
    exec(command: string, options: ExecOptions): Promise<ExecResult> {
        return this.connection.exec(command, options);
    }

    /**
     * Runs `script` as root with `variables` on its standard input. Returns its last line, parsed as JSON. If the script
     * fails, throws the problem that it names, else HOST_SCRIPT.
     */
    async script<T>(
        script: string,
        variables: Readonly<Record<string, string>>,
        { signal, timeoutMs = SCRIPT_MS }: ExecOptions,
    ): Promise<T> {
        const stdin = renderHostScript(script, variables);
        const { code, stdout, stderr } = await this.exec("sudo -n sh", { stdin, timeoutMs, signal });
        if (code !== 0) throw failedScript(this.name, code, stderr);
        return resultOf<T>(this.name, stdout);
    }

    /** The membership that the host's engine reports. Throws if the host or its engine does not answer in time. */
    async membership(timeoutMs = PROBE_MS): Promise<Membership> {
        return membershipOf(await this.call<EngineInfo>("GET", "/info", { timeoutMs }), this.name);
    }

    /** The host's membership, or why it does not answer. */
    async look(): Promise<Sighting<Host>> {
        try {
            return { host: this, member: await this.membership() };
        } catch (error) {
            if (!(error instanceof HostFailure)) throw error;
            return { host: this, error: reasonOf(error) };
        }
    }

    /** Creates a swarm with this host as its only manager. Returns the swarm's id. */
    async initialise({ autolock, addressPool, subnetSize, dataPathPort }: InitialSwarm): Promise<string> {
        const body = {
            ...this.listening(),
            DefaultAddrPool: [addressPool],
            SubnetSize: subnetSize,
            ...(dataPathPort !== undefined && { DataPathPort: dataPathPort }),
            Spec: { EncryptionConfig: { AutoLockManagers: autolock } },
        };
        await this.call("POST", "/swarm/init", { body, timeoutMs: INIT_MS });
        return (await this.call<SwarmInfo>("GET", "/swarm")).ID;
    }

    /** Makes the host join the swarm of these managers. It is a member some seconds later. */
    async join(managers: readonly string[], token: string): Promise<void> {
        const body = {
            ...this.listening(),
            RemoteAddrs: managers,
            JoinToken: token,
        };
        await this.call("POST", "/swarm/join", { body, timeoutMs: JOIN_MS });
    }

    /** CIS 7.2: a manager listens for the others at its advertised address only. */
    private listening() {
        return { ListenAddr: `${this.address}:${SWARM_PORT}`, AdvertiseAddr: this.address };
    }

    /** Unlocks the host with the first key that fits. Returns false if it stays locked. */
    async unlock(keys: readonly string[]): Promise<boolean> {
        for (const UnlockKey of new Set(keys.filter((key) => key !== ""))) {
            // Without a majority, or after the others removed this host, no answer comes even to the right key. The
            // host's state shows whether the key was right.
            await ifAnswered(
                this.call("POST", "/swarm/unlock", { body: { UnlockKey }, timeoutMs: WRITE_MS }),
            );
            const now = await ifAnswered(this.membership());
            if (now && now.state !== "locked") return true;
        }
        return false;
    }

    /**
     * Unlocks the host with the swarm's current key. Returns its membership once the host is open, or after 30 s as it is
     * then. Throws NODE_LOCKED if the key does not fit.
     */
    async unlockWith(key: string, ctx: Context): Promise<Membership> {
        if (!(await this.unlock([key])))
            throw skepError(
                "NODE_LOCKED",
                `${this.name} is locked, and the swarm's present unlock key does not open it.`,
                "Unlock it there with the key it was locked with, or let it leave with `docker swarm leave --force`.",
            );
        ctx.log(`unlocked ${this.name}`);
        const open = async () => {
            const { state } = await this.membership();
            return state !== "pending" && state !== "locked";
        };
        // Unlocking never ends for a member that the others have removed.
        await until(`${this.name} to open`, open, OPEN_MS, ctx).catch((error: unknown) => {
            if (!(error instanceof TimedOut)) throw error;
        });
        return this.membership();
    }

    /**
     * Ends the host's membership. With `force`, a manager leaves at once, whatever becomes of the swarm. Without it, the
     * host leaves in order, and by force only if that fails. Does nothing if the host does not answer.
     */
    async leave({ force = false, timeoutMs = WRITE_MS } = {}): Promise<void> {
        const member = await ifAnswered(this.membership(Math.min(timeoutMs, PROBE_MS)));
        if (!member || member.state === "inactive") return;
        const post = (query: string) => this.call("POST", `/swarm/leave${query}`, { timeoutMs });
        if (force) await post("?force=1");
        else
            await post("").catch((error: unknown) => {
                if (!(error instanceof HostFailure)) throw error;
                return post("?force=1");
            });
    }
}

/** A script's last line, which has its result as JSON. */
function resultOf<T>(host: string, stdout: string): T {
    const last = stdout.trim().split("\n").at(-1) ?? "";
    try {
        return JSON.parse(last) as T;
    } catch {
        throw skepError(
            "HOST_SCRIPT",
            `A script of Skep's ended on ${host} without its result: ${oneLine(last) || "nothing"}.`,
            "Look at the host, then run the same command again.",
        );
    }
}

/** A script that fails says in one line what is wrong: an id, a sentence, and what to do. */
function failedScript(host: string, code: number, stderr: string): SkepError {
    const [, id, sentence] = /^skep: ([A-Z_]+): (.+)$/m.exec(stderr) ?? [];
    if (id && isProblemId(id) && sentence)
        return new SkepError([{ id, problem: `On ${host}: ${sentence}`, advice: "" }]);
    return skepError(
        "HOST_SCRIPT",
        `A script of Skep's ended with ${code} on ${host}: ${oneLine(stderr.split("\n").slice(-3).join(" "))}.`,
        "Look at the host, then run the same command again.",
    );
}
