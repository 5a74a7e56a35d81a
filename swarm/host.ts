// One host: its shell, and its own part in the swarm.
import { isProblemId, SkepError, skepError } from "../errors";
import { membershipOf, type Membership, type Sighting } from "../planning/adoption";
import type { EngineInfo, SwarmInfo } from "../planning/engine-api";
import { oneLine, reasonOf } from "../planning/sentence";
import { renderHostScript } from "../planning/shell";
import type { Context } from "./context";
import { remote, type CallOptions, type Remote } from "./engine";
import { HostFailure, ifAnswered } from "./failures";
import type { ExecOptions, ExecResult, HostInput } from "./ssh";
import { TimedOut, until } from "./wait";

export const PROBE_MS = 8000;
/** Without a majority a write fails by itself after 16.5 s. */
export const WRITE_MS = 20_000;
/** A script waits up to 5 minutes for another one's lock, as long for the end of the first boot, and then works. */
const SCRIPT_MS = 15 * 60_000;
const INIT_MS = 30_000;
const JOIN_MS = 40_000;
const OPEN_MS = 30_000;
const PORT = 2377;

/** What Skep asks of a host's SSH connection. */
export type Connection = Pick<Remote, "call" | "exec" | "load" | "push" | "pull" | "inRegistry">;

/** A host by its SSH connection and its engine's API. */
export class Host {
    readonly name: string;
    /** The private address that the other members of the swarm reach it by. */
    readonly address: string;

    constructor(
        input: Pick<HostInput, "name" | "address">,
        /** For transfers of images, which go to the engine as they are. */
        readonly connection: Connection,
    ) {
        this.name = input.name;
        this.address = input.address;
    }

    /** The host by the one connection that this process has to it. */
    static of(input: HostInput): Host {
        return new Host(input, remote(input));
    }

    /** One request to its engine. */
    call<T = unknown>(method: string, path: string, options?: CallOptions): Promise<T> {
        return this.connection.call<T>(method, path, options);
    }

    exec(command: string, options: ExecOptions): Promise<ExecResult> {
        return this.connection.exec(command, options);
    }

    /** Runs `script` as root with `variables` on its standard input; its last line, parsed. */
    async script<T>(
        script: string,
        variables: Readonly<Record<string, string>>,
        { signal, timeoutMs = SCRIPT_MS }: ExecOptions,
    ): Promise<T> {
        const stdin = renderHostScript(script, variables);
        const { code, stdout, stderr } = await this.exec("sudo -n sh", { stdin, timeoutMs, signal });
        if (code !== 0) throw failedScript(this.name, code, stderr);
        return JSON.parse(stdout.trim().split("\n").at(-1) ?? "") as T;
    }

    /** What its engine says of its part in a swarm. Fails where the host or its engine does not answer in time. */
    async membership(timeoutMs = PROBE_MS): Promise<Membership> {
        return membershipOf(await this.call<EngineInfo>("GET", "/info", { timeoutMs }), this.name);
    }

    /** What it says, or why it does not. */
    async look(): Promise<Sighting<Host>> {
        try {
            return { host: this, member: await this.membership() };
        } catch (error) {
            if (!(error instanceof HostFailure)) throw error;
            return { host: this, error: reasonOf(error) };
        }
    }

    /** Makes a swarm with this host as its only manager; answers with the swarm's id. */
    async initialise(autolock: boolean, addressPool: string, subnetSize: number): Promise<string> {
        const body = {
            ListenAddr: `0.0.0.0:${PORT}`,
            AdvertiseAddr: this.address,
            DefaultAddrPool: [addressPool],
            SubnetSize: subnetSize,
            Spec: { EncryptionConfig: { AutoLockManagers: autolock } },
        };
        await this.call("POST", "/swarm/init", { body, timeoutMs: INIT_MS });
        return (await this.call<SwarmInfo>("GET", "/swarm")).ID;
    }

    /** Has it join the swarm that these managers are in; it is a member some seconds later. */
    async join(managers: readonly string[], token: string): Promise<void> {
        const body = {
            ListenAddr: `0.0.0.0:${PORT}`,
            AdvertiseAddr: this.address,
            RemoteAddrs: managers,
            JoinToken: token,
        };
        await this.call("POST", "/swarm/join", { body, timeoutMs: JOIN_MS });
    }

    /** Opens it with the first of the keys that fits; false where it stays locked. */
    async unlock(keys: readonly string[]): Promise<boolean> {
        for (const UnlockKey of new Set(keys.filter((key) => key !== ""))) {
            // Without a majority, or where the others removed it, the answer never comes though the key was right: the
            // state tells.
            await ifAnswered(
                this.call("POST", "/swarm/unlock", { body: { UnlockKey }, timeoutMs: WRITE_MS }),
            );
            const now = await ifAnswered(this.membership());
            if (now && now.state !== "locked") return true;
        }
        return false;
    }

    /** Opens it with the swarm's present key; its membership once that is over, or as it is after 30 s. */
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
        // The unlocking of a member that the others have removed never ends.
        await until(`${this.name} to open`, open, OPEN_MS, ctx).catch((error: unknown) => {
            if (!(error instanceof TimedOut)) throw error;
        });
        return this.membership();
    }

    /**
     * Ends its membership; with `force` also that of a manager, whatever becomes of the swarm. A host that does not answer
     * is left as it is.
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

/** Scripts say in one line what is wrong: an id, a sentence, what to do. */
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
