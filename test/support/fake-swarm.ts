// Hosts and their swarms in memory, behind the API of their engines: for tests of what Skep asks, and in which order.

import { randomBytes } from "node:crypto";
import { setMaxListeners } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import type { EngineInfo, NodeSpec, SwarmNode, SwarmService, SwarmTask } from "../../planning/engine-api";
import type { CallOptions } from "../../swarm/engine";
import { brokenRequest, EngineError, noConnection } from "../../swarm/failures";
import { type Connection, Host } from "../../swarm/host";
import { Swarm } from "../../swarm/swarm";
import { sealedKeyFile } from "./key-file";

/**
 * What happens to a request: it is answered after so many milliseconds, not carried out, or carried out without an
 * answer.
 */
export interface Fate {
    delayMs?: number;
    is?: "refused" | "lost";
}

interface Member {
    spec: NodeSpec;
    version: number;
    host: FakeHost;
}

const KEY_PREFIX = "SWMKEY-1-";

/** One swarm, as its managers keep it. */
export class FakeCluster {
    version = 1;
    spec: { Labels?: Record<string, string>; EncryptionConfig: { AutoLockManagers: boolean } };
    readonly members = new Map<string, Member>();
    /** Its secrets and configs: the answers by path. */
    readonly objects: Record<string, unknown[]> = { "/secrets": [], "/configs": [] };
    key: string;
    /** How often its join tokens were rotated. */
    tokens = 0;
    /** Its certificate authority. */
    trust = { TLSInfo: { TrustRoot: "root", CertIssuerPublicKey: "a" }, RootRotationInProgress: false };
    services: Pick<SwarmService, "ID" | "Spec">[] = [];
    tasks: SwarmTask[] = [];

    constructor(
        readonly id: string,
        autolock: boolean,
    ) {
        this.spec = { EncryptionConfig: { AutoLockManagers: autolock } };
        this.key = `key of ${id}`;
    }

    /** Changes its specification, and rotates what the query asks for. Managers that are away keep their key. */
    update(spec: FakeCluster["spec"], query: URLSearchParams): void {
        const isNew = query.get("rotateManagerUnlockKey") === "true";
        const wasLocking = this.spec.EncryptionConfig.AutoLockManagers;
        if (wasLocking && (isNew || !spec.EncryptionConfig.AutoLockManagers))
            for (const [id, { host }] of this.voters()) if (!this.isAt(id)) host.ownKey ??= this.key;
        this.version += 1;
        this.spec = spec;
        if (isNew) this.key = `${KEY_PREFIX}${randomBytes(32).toString("base64")}`;
        if (query.get("rotateWorkerToken") === "true" && query.get("rotateManagerToken") === "true")
            this.tokens += 1;
    }

    voters(): [string, Member][] {
        return [...this.members].filter(([, { spec }]) => spec.Role === "manager");
    }

    isAt(id: string): boolean {
        const host = this.members.get(id)?.host;
        return host !== undefined && host.isUp && host.nodeId === id && !host.isLocked && !host.error;
    }

    leader(): string | undefined {
        const reachable = this.voters().filter(([id]) => this.isAt(id));
        return reachable.length > this.voters().length / 2 ? reachable[0]?.[0] : undefined;
    }

    node(id: string): SwarmNode | undefined {
        const member = this.members.get(id);
        if (!member) return undefined;
        const { spec, version, host } = member;
        const isAt = this.isAt(id);
        return {
            ID: id,
            Version: { Index: version },
            Spec: structuredClone(spec),
            Description: {
                Hostname: host.name,
                Engine: { EngineVersion: "27.0.0" },
                TLSInfo: isAt
                    ? this.trust.TLSInfo
                    : { TrustRoot: "former root", CertIssuerPublicKey: "former" },
            },
            Status: { State: isAt ? "ready" : "down", Addr: host.address },
            ...(spec.Role === "manager" && {
                ManagerStatus: {
                    Leader: this.leader() === id,
                    Reachability: isAt ? "reachable" : "unreachable",
                    Addr: `${host.address}:2377`,
                },
            }),
        };
    }
}

/** All hosts and swarms of a test. */
export class FakeWorld {
    readonly hosts: FakeHost[];
    readonly clusters: FakeCluster[] = [];
    /** The requests so far, as `manager-1 POST /swarm/join`. */
    readonly asked: string[] = [];
    readonly said: string[] = [];
    /** Decides what happens to each request. */
    fate: (host: string, method: string, path: string) => Fate = () => ({});
    readonly stop = new AbortController();
    private made = 0;

    constructor(names: readonly string[]) {
        this.hosts = names.map((name, i) => new FakeHost(this, name, `10.0.0.${i + 1}`));
        setMaxListeners(0, this.stop.signal); // as the provider does with its own
    }

    get ctx() {
        return { signal: this.stop.signal, log: (text: string) => void this.said.push(text) };
    }

    id(kind: string): string {
        this.made += 1;
        return `${kind}${this.made}`;
    }

    at(name: string): FakeHost {
        const found = this.hosts.find((host) => host.name === name);
        if (!found) throw new Error(`no host ${name}`);
        return found;
    }

    /** Creates a swarm of these hosts at once, without requests. */
    standing(managers: readonly string[], workers: readonly string[] = [], autolock = true): FakeCluster {
        const cluster = new FakeCluster(this.id("swarm"), autolock);
        this.clusters.push(cluster);
        for (const name of managers) this.at(name).enter(cluster, "manager");
        for (const name of workers) this.at(name).enter(cluster, "worker");
        return cluster;
    }

    swarm(managers: readonly string[], id: string, patienceMs = 50, drainMs?: number): Swarm {
        return new Swarm(
            managers.map((name) => this.at(name).host),
            id,
            this.ctx,
            patienceMs,
            drainMs,
        );
    }
}

/** A host with an engine, and its membership. */
export class FakeHost implements Connection {
    isUp = true;
    isLocked = false;
    /**
     * What is wrong with its data, if anything: its engine runs without its swarm and says this, or it ends itself when it is
     * opened. Leaving the swarm removes the data.
     */
    damage?: { error: string } | "falls";
    /** The unlock key that it was sealed with before others rotated it. Default: it has the swarm's present one. */
    ownKey?: string;
    /** Its engine's volumes. */
    volumes: unknown[] = [];
    cluster?: FakeCluster;
    nodeId = "";
    readonly host: Host;
    /** Its commands' lines, and its engine's streams: a test gives them. */
    lines: Connection["lines"] = unused;
    stream: Connection["stream"] = unused;
    tunnel: Connection["tunnel"] = unused;
    load = unused;
    push = unused;
    pull = unused;
    inRegistry = unused;

    constructor(
        private readonly world: FakeWorld,
        readonly name: string,
        readonly address: string,
    ) {
        this.host = new Host({ name, address }, this);
    }

    enter(cluster: FakeCluster, role: NodeSpec["Role"]): void {
        this.cluster = cluster;
        this.nodeId = this.world.id("node");
        const spec: NodeSpec = { Role: role, Availability: "active", Labels: {} };
        cluster.members.set(this.nodeId, { spec, version: 1, host: this });
    }

    /** Starts a task of this service on it, which runs until the test ends it. */
    runTask(service: string): SwarmTask {
        const { cluster } = this;
        if (!cluster) throw new Error(`${this.name} is in no swarm`);
        const ID = `service-${service}`;
        if (!cluster.services.some((each) => each.ID === ID))
            cluster.services.push({ ID, Spec: { Name: service, TaskTemplate: {} } });
        const task = { ServiceID: ID, NodeID: this.nodeId, Status: { State: "running" } };
        cluster.tasks.push(task);
        return task;
    }

    /** Restarts its engine. A manager is locked after that if the swarm locks its managers. */
    restart(): void {
        this.isLocked = this.isManager() && this.sealingKey() !== "";
    }

    /** The key that seals its key file; empty without autolock. */
    private sealingKey(): string {
        const isLocking = this.cluster?.spec.EncryptionConfig.AutoLockManagers ?? false;
        return this.ownKey ?? (isLocking ? (this.cluster?.key ?? "") : "");
    }

    private isManager(): boolean {
        return this.cluster?.members.get(this.nodeId)?.spec.Role === "manager";
    }

    exec: Connection["exec"] = async (_command, { stdin = "" }) => {
        if (!this.isUp) throw noConnection(this.name, this.address, new Error("connect ECONNREFUSED"));
        const key = this.sealingKey();
        const sealed = key === "" ? null : Buffer.from(sealedKeyFile(key)).toString("base64");
        const isAskedForKey = stdin.includes("swarm-node.key");
        const stdout = isAskedForKey ? JSON.stringify({ sealed }) : "-----BEGIN PRIVATE KEY-----";
        return { code: 0, stdout, stderr: "" };
    };

    async call<T>(method: string, path: string, { body, timeoutMs = 10_000 }: CallOptions = {}): Promise<T> {
        const plain = path.split("?")[0] ?? path;
        this.world.asked.push(`${this.name} ${method} ${plain}`);
        const { delayMs = 0, is } = this.world.fate(this.name, method, plain);
        if (delayMs > 0) await sleep(Math.min(delayMs, timeoutMs));
        if (!this.isUp || is === "refused" || delayMs > timeoutMs)
            throw noConnection(this.name, this.address, new Error("connect ECONNREFUSED"));
        const answer = structuredClone(this.answer(method, plain, path, body as Body));
        if (is === "lost") throw brokenRequest(this.name, `${method} ${plain}`, new Error("ECONNRESET"));
        return answer as T;
    }

    private answer(method: string, plain: string, path: string, body: Body): unknown {
        const refuse = (status: number, reason: string) =>
            new EngineError(this.name, `${method} ${plain}`, status, reason);
        if (plain === "/info") return this.info();
        if (plain === "/version") return { Components: [] };
        if (plain === "/volumes") return { Volumes: this.volumes };
        if (plain === "/swarm/init") {
            if (this.cluster) throw refuse(503, "This node is already part of a swarm.");
            const cluster = new FakeCluster(
                this.world.id("swarm"),
                body.Spec?.EncryptionConfig.AutoLockManagers ?? false,
            );
            this.world.clusters.push(cluster);
            return this.enter(cluster, "manager");
        }
        if (plain === "/swarm/join") {
            if (this.cluster) throw refuse(503, "This node is already part of a swarm.");
            const [role, id, tokens = "0"] = (body.JoinToken ?? "").split(" ");
            const cluster = this.world.clusters.find((each) => each.id === id);
            if (!cluster?.leader() || Number(tokens) !== cluster.tokens) throw refuse(500, "could not join");
            return this.enter(cluster, role as NodeSpec["Role"]);
        }
        if (plain === "/swarm/leave") {
            if (!this.cluster) throw refuse(503, "This node is not part of a swarm");
            if (this.isManager() && !path.includes("force"))
                throw refuse(503, "You are attempting to leave as a manager");
            this.cluster = undefined;
            this.nodeId = "";
            this.isLocked = false;
            this.damage = undefined;
            return undefined;
        }
        if (plain === "/swarm/unlock") {
            if (body.UnlockKey !== this.sealingKey()) throw refuse(400, "invalid key");
            if (this.damage === "falls")
                throw brokenRequest(this.name, `${method} ${plain}`, new Error("socket hang up"));
            this.isLocked = false;
            this.ownKey = undefined; // it learns the present key from the others
            return undefined;
        }
        const { cluster } = this;
        if (!cluster || this.isLocked || this.error || !this.isManager())
            throw refuse(503, "This node is not a swarm manager.");
        if (!cluster.leader()) throw refuse(503, "The swarm does not have a leader.");
        return this.manage(cluster, method, plain, path, body, refuse);
    }

    private manage(
        cluster: FakeCluster,
        method: string,
        plain: string,
        path: string,
        body: Body,
        refuse: (status: number, reason: string) => EngineError,
    ): unknown {
        const query = new URLSearchParams(path.split("?")[1]);
        if (plain === "/swarm") {
            const { id, spec, tokens } = cluster;
            const [Manager, Worker] = ["manager", "worker"].map((role) =>
                tokens === 0 ? `${role} ${id}` : `${role} ${id} ${tokens}`,
            );
            const JoinTokens = { Manager, Worker };
            return { ID: id, Spec: spec, Version: { Index: cluster.version }, JoinTokens, ...cluster.trust };
        }
        if (plain === "/swarm/unlockkey")
            return { UnlockKey: cluster.spec.EncryptionConfig.AutoLockManagers ? cluster.key : "" };
        if (plain === "/swarm/update") {
            if (Number(query.get("version")) !== cluster.version) throw refuse(500, "update out of sequence");
            cluster.update(body as unknown as FakeCluster["spec"], query);
            return undefined;
        }
        const filter = JSON.parse(query.get("filters") ?? "{}") as Record<string, string[] | undefined>;
        if (plain === "/tasks")
            return cluster.tasks.filter(
                ({ NodeID = "", ServiceID = "" }) =>
                    (!filter.node || filter.node.includes(NodeID)) &&
                    (!filter.service || filter.service.includes(ServiceID)),
            );
        if (plain === "/services")
            return cluster.services.filter(({ ID }) => !filter.id || filter.id.includes(ID));
        if (plain in cluster.objects) return cluster.objects[plain];
        if (plain === "/nodes") return [...cluster.members.keys()].map((id) => cluster.node(id));
        const [, id = "", action] = /^\/nodes\/(\w+)(\/update)?$/.exec(plain) ?? [];
        const member = cluster.members.get(id);
        if (!member) throw refuse(404, `node ${id} not found`);
        if (method === "GET") return cluster.node(id);
        if (action) {
            if (Number(query.get("version")) !== member.version) throw refuse(500, "update out of sequence");
            member.version += 1;
            member.spec = body as unknown as NodeSpec;
            return undefined;
        }
        if (member.spec.Role === "manager")
            throw refuse(400, "node is a cluster manager: it must be demoted first");
        if (cluster.isAt(id) && !query.has("force"))
            throw refuse(400, "node is not down and can't be removed");
        cluster.members.delete(id);
        return undefined;
    }

    /** What its engine says instead of running its swarm; a locked one has not read its data yet. */
    get error(): string {
        return typeof this.damage === "object" && !this.isLocked ? this.damage.error : "";
    }

    private state() {
        if (!this.cluster) return "inactive";
        return this.isLocked ? "locked" : this.error ? "error" : "active";
    }

    private info(): EngineInfo {
        const state = this.state();
        const controls = state === "active" && this.isManager();
        const managers = state === "active" ? (this.cluster?.voters() ?? []) : [];
        return {
            Name: this.name,
            Swarm: {
                LocalNodeState: state,
                Error: state === "locked" ? "Swarm is encrypted" : this.error,
                NodeID: state === "active" ? this.nodeId : "",
                ControlAvailable: controls,
                Cluster: controls ? { ID: this.cluster?.id } : undefined,
                RemoteManagers: managers.map(([, { host }]) => ({ Addr: `${host.address}:2377` })),
            },
        };
    }
}

interface Body {
    Spec?: { EncryptionConfig: { AutoLockManagers: boolean } };
    JoinToken?: string;
    UnlockKey?: string;
}

function unused(): never {
    throw new Error("no test asks for it");
}
