// Reads from hosts and from a manager what the CIS Docker Benchmark asks, and judges it.
import type { EngineInfo } from "../planning/engine-api";
import { type CisHost, type CisResult, type CisSwarm, cisTable } from "../planning/cis";
import { objectOf } from "../planning/daemon-json";
import type { PlacedHost } from "./checks/check";
import { isEncrypted, overlays } from "./networks";
import { hostScript, unpacked } from "./scripts";
import { askEach, orProblems } from "./snapshot";
import type { Swarm } from "./swarm";

const SCRIPT_MS = 15_000;
const DAY_NS = 86_400e9;

/** The table of this swarm. `waivers` are reasons by the items' numbers. */
export async function readCis(
    swarm: Swarm,
    hosts: readonly PlacedHost[],
    waivers: Readonly<Record<string, string>>,
): Promise<CisResult[]> {
    const [{ found, silent }, seen] = await Promise.all([
        askEach(hosts, (placed) => hostFacts(placed, swarm)),
        orProblems(swarmFacts(swarm)),
    ]);
    const facts = found.map(({ value }) => value);
    return cisTable(facts, silent, "value" in seen ? seen.value : undefined, waivers);
}

/** What cis.sh prints. */
interface Printed {
    uid: number | null;
    arguments: string;
    daemon: string;
    files: string;
    listens: string;
}

interface Info extends EngineInfo {
    Driver?: string;
    ExperimentalBuild?: boolean;
    SecurityOptions?: string[] | null;
    RegistryConfig?: {
        IndexConfigs?: Record<string, { Secure?: boolean }>;
        InsecureRegistryCIDRs?: string[];
    };
}

async function hostFacts({ host, role }: PlacedHost, { ctx: { signal } }: Swarm): Promise<CisHost> {
    const [said, info] = await Promise.all([
        host.script<Printed>(hostScript("cis"), {}, { signal, timeoutMs: SCRIPT_MS }),
        host.call<Info>("GET", "/info"),
    ]);
    const { IndexConfigs = {}, InsecureRegistryCIDRs = [] } = info.RegistryConfig ?? {};
    return {
        name: host.name,
        isManager: info.Swarm?.ControlAvailable ?? role === "manager",
        uid: said.uid,
        arguments: unpacked(said.arguments).split("\0").filter(Boolean),
        // A daemon.json that no engine could read says nothing.
        daemon: objectOf(unpacked(said.daemon)) ?? {},
        files: lines(said.files).map((line) => {
            const [path = "", owner = "", mode = ""] = line.split("|");
            return { path, owner, mode };
        }),
        listens: lines(said.listens),
        security: info.SecurityOptions ?? [],
        driver: info.Driver ?? "",
        experimental: info.ExperimentalBuild ?? false,
        insecureRegistries: [
            ...Object.entries(IndexConfigs).flatMap(([name, { Secure }]) => (Secure === false ? [name] : [])),
            // The engine itself always has this one.
            ...InsecureRegistryCIDRs.filter((range) => range !== "127.0.0.0/8" && range !== "::1/128"),
        ],
    };
}

async function swarmFacts(swarm: Swarm): Promise<CisSwarm> {
    const [{ Spec }, members, networks, secrets] = await Promise.all([
        swarm.inspect(),
        swarm.members(),
        overlays(swarm),
        swarm.call<unknown[]>("GET", "/secrets"),
    ]);
    return {
        managers: members.filter(({ ManagerStatus }) => ManagerStatus).length,
        autolock: Spec.EncryptionConfig?.AutoLockManagers ?? false,
        plain: networks.filter((each) => !each.Ingress && !isEncrypted(each)).map(({ Name }) => Name),
        secrets: secrets.length,
        certificateDays: Math.round((Spec.CAConfig?.NodeCertExpiry ?? 0) / DAY_NS),
    };
}

function lines(base64: string): string[] {
    return unpacked(base64).split("\n").filter(Boolean);
}
