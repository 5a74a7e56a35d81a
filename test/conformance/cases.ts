// Small programs with the resource types that Skep uses. Each has several versions, which run one after another on one set
// of plugins. The result records what Pulumi did, and the outputs.

import { mkdirSync } from "node:fs";
import { join } from "node:path";
import * as command from "@pulumi/command";
import * as docker from "@pulumi/docker";
import * as auto from "@pulumi/pulumi/automation";
import * as random from "@pulumi/random";
import * as tls from "@pulumi/tls";
import { Pki } from "../../components/pki";
import { dockerEnvironment } from "../../providers/runtime/docker";
import type { Deed, Deeds, Made } from "./compare";
import { type HostsCase, hostsCases } from "./hosts-case";

/** One version of a program; Skep may run it after something has happened to its resources. */
export type Version =
    | (() => void)
    | {
          program: () => void;
          /** A name for what happened. Default: the version's number. */
          title?: string;
          before?: () => Promise<void>;
          /** Whether what happened is over before an up would end. */
          previewOnly?: boolean;
      };

/** The versions of one program: the first creates its resources, each later one meets a change. */
export interface Case {
    name: string;
    versions: Version[];
}

/** One set of plugins. */
export interface Side {
    name: string;
    /** The folder that has bin/pulumi. */
    root: string;
    /** Variables for Pulumi, so that it uses these plugins. */
    environment: Record<string, string>;
    /** A folder for the state and the settings of the runs. */
    folder: string;
}

const KEY = { algorithm: "ECDSA", ecdsaCurve: "P256" } as const;
const DAY_HOURS = 24;

function certificates(dnsNames: string[], hours = DAY_HOURS): void {
    const key = new tls.PrivateKey("authority-key", KEY);
    const authority = new tls.SelfSignedCert("authority", {
        privateKeyPem: key.privateKeyPem,
        isCaCertificate: true,
        subject: { commonName: "conformance", organization: "Skep" },
        allowedUses: ["cert_signing", "crl_signing", "digital_signature"],
        setSubjectKeyId: true,
        validityPeriodHours: 2 * DAY_HOURS,
    });
    const serverKey = new tls.PrivateKey("server-key", { algorithm: "ED25519" });
    const request = new tls.CertRequest("request", {
        privateKeyPem: serverKey.privateKeyPem,
        subject: { commonName: "server.test" },
        dnsNames,
        ipAddresses: ["10.0.0.1", "127.0.0.1"],
    });
    new tls.LocallySignedCert("certificate", {
        caCertPem: authority.certPem,
        caPrivateKeyPem: key.privateKeyPem,
        certRequestPem: request.certRequestPem,
        allowedUses: ["server_auth", "digital_signature", "key_encipherment"],
        validityPeriodHours: hours,
        earlyRenewalHours: 1,
    });
}

function commands(create: string, update: string | undefined, trigger: string): void {
    new command.local.Command("said", { create, update, triggers: [trigger] });
    new command.local.Command("read", {
        create: "cat",
        stdin: "a line\n",
        environment: { A: "1" },
        logging: command.local.Logging.None,
        addPreviousOutputInEnv: false,
    });
}

/** A host that accepts SSH logins. */
export interface SshLogin {
    port: number;
    privateKey: string;
    hostKey: string;
}

function remoteCommands({ port, privateKey, hostKey }: SshLogin, create: string, trigger: string): void {
    const connection = {
        host: "127.0.0.1",
        port,
        user: "admin",
        privateKey,
        hostKey,
        dialErrorLimit: 3,
        perDialTimeout: 15,
    };
    new command.remote.Command("said", { connection, create, triggers: [trigger] });
    new command.remote.Command("read", {
        connection,
        create: "cat",
        update: "echo $PULUMI_COMMAND_STDOUT; cat",
        stdin: `${create}\n`,
        environment: { LC_A: "1" },
        logging: command.remote.Logging.None,
    });
}

/** `image` is on this machine's engine; nothing of it runs. */
function lab(image: string, label: string, subnet: string, restart: string): void {
    const name = "skep-conformance";
    const labels = [{ label: "io.skep.test", value: label }];
    const network = new docker.Network("network", {
        name,
        driver: "bridge",
        ipamConfigs: [{ subnet, gateway: subnet.replace("0/24", "1") }],
        labels: [{ label: "io.skep.test", value: "network" }],
    });
    const volume = new docker.Volume("volume", { name });
    new docker.Container(
        "container",
        {
            name,
            image,
            command: ["/nothing"],
            hostname: "host-1",
            labels,
            networksAdvanced: [{ name: network.name, ipv4Address: subnet.replace("0/24", "9") }],
            ports: [{ internal: 22, external: 34567, ip: "127.0.0.1" }],
            volumes: [{ containerPath: "/data", volumeName: volume.name }],
            capabilities: { drops: ["ALL"], adds: ["NET_ADMIN"] },
            stopSignal: "SIGTERM",
            stopTimeout: 20,
            restart,
            start: false,
            mustRun: false,
        },
        { deleteBeforeReplace: true },
    );
}

/** The certificates of a stack, as its program declares them. */
function stackCertificates(): void {
    const pki = new Pki("pki", { stack: "conformance" });
    pki.server("registry", ["registry.test", "localhost"], ["10.0.0.1", "127.0.0.1"]);
    pki.client("client");
}

/**
 * All cases. With an `image`, they include networks, volumes and containers on this machine's Docker engine; with `ssh`,
 * commands on that host; with `hosts`, the hosts of a lab.
 */
export function cases({
    image,
    ssh,
    hosts,
}: { image?: string; ssh?: SshLogin; hosts?: HostsCase } = {}): Case[] {
    const [one, two] = ["10.189.0.0/24", "10.189.1.0/24"];
    const found: Case[] = [
        {
            name: "certificates",
            versions: [
                () => certificates(["server.test"]),
                () => certificates(["server.test", "other.test"]),
                () => certificates(["server.test", "other.test"], DAY_HOURS / 2),
            ],
        },
        { name: "stack-certificates", versions: [stackCertificates, stackCertificates] },
        {
            name: "passwords",
            versions: [32, 40].map(
                (length) => () => void new random.RandomPassword("password", { length, special: false }),
            ),
        },
        {
            name: "commands",
            versions: [
                () => commands("echo one", undefined, "1"),
                () => commands("echo two", undefined, "1"),
                () => commands("echo two", "echo updated", "1"),
                () => commands("echo three", "echo updated", "1"),
                () => commands("echo three", "echo updated", "2"),
            ],
        },
    ];
    if (ssh !== undefined)
        found.push({
            name: "remote-commands",
            versions: [
                () => remoteCommands(ssh, "echo one", "1"),
                () => remoteCommands(ssh, "echo two", "1"),
                () => remoteCommands(ssh, "echo two", "2"),
            ],
        });
    if (image !== undefined)
        found.push({
            name: "lab",
            versions: [
                () => lab(image, "a", one, "no"),
                () => lab(image, "a", one, "unless-stopped"),
                () => lab(image, "b", one, "unless-stopped"),
                () => lab(image, "b", two, "unless-stopped"),
            ],
        });
    if (hosts !== undefined) found.push(...hostsCases(hosts));
    return found;
}

interface Options {
    refresh: true;
    onEvent: (event: auto.EngineEvent) => void;
}

/** Providers whose resources are compared. Skep's own provider is the same on both sides. */
const COMPARED = ["command", "docker", "random", "tls"];

/** Runs all versions of a program, then destroys its resources. */
export async function perform({ name, versions }: Case, side: Side): Promise<Deeds> {
    const state = join(side.folder, "state");
    mkdirSync(state, { recursive: true });
    const record: Deeds = { deeds: [], made: [] };
    let program: () => void = () => undefined;
    const stack = await auto.LocalWorkspace.createOrSelectStack(
        { stackName: name, projectName: "skep-conformance", program: async () => program() },
        {
            envVars: {
                ...dockerEnvironment(),
                ...side.environment,
                PULUMI_BACKEND_URL: `file://${state}`,
                PULUMI_CONFIG_PASSPHRASE: "conformance",
                PULUMI_SKIP_UPDATE_CHECK: "1",
            },
            pulumiCommand: await auto.PulumiCommand.get({ root: side.root, skipVersionCheck: true }),
        },
    );
    /** Runs a program as Skep's own commands do, with a refresh first. A refusal is recorded like any other step. */
    const run = async (when: string, operation: (options: Options) => Promise<unknown>) => {
        const errors: string[] = [];
        const onEvent = ({ resourcePreEvent, diagnosticEvent }: auto.EngineEvent) => {
            const deed = resourcePreEvent && deedOf(when, resourcePreEvent.metadata);
            if (deed) record.deeds.push(deed);
            if (diagnosticEvent?.severity === "error") errors.push(diagnosticEvent.message.trim());
        };
        await operation({ refresh: true, onEvent }).catch((error: unknown) => {
            if (!(error instanceof auto.CommandError) || errors.length === 0) throw error;
            const op = `failed: ${errors.join(" ")}`;
            record.deeds.push({ when, resource: "the program", op, changed: [], replacing: [] });
        });
    };
    try {
        for (const [index, version] of versions.entries()) {
            const { title, before, previewOnly } = typeof version === "function" ? {} : version;
            const when = title ?? String(index + 1);
            await before?.();
            program = typeof version === "function" ? version : version.program;
            await run(`preview ${when}`, (options) => stack.preview(options));
            if (previewOnly) continue;
            await run(`up ${when}`, (options) => stack.up(options));
            record.made.push(...(await made(stack, `up ${when}`)));
            await run(`refresh ${when}`, (options) => stack.refresh(options));
        }
    } finally {
        await stack.destroy();
    }
    return record;
}

function deedOf(when: string, { op, urn, type, diffs, keys }: auto.StepEventMetadata): Deed | undefined {
    // The program decides in which order the steps of a replacement run, not the plugin.
    if (!isCompared(type) || op === "delete-replaced" || op === "create-replacement") return undefined;
    // Because of the refresh, a resource has two steps in one run.
    const at = op === "refresh" ? `the look before ${when}` : when;
    const resource = `${type} ${urn.split("::").at(-1)}`;
    return {
        when: at,
        resource,
        op,
        changed: [...(diffs ?? [])].sort(),
        replacing: [...(keys ?? [])].sort(),
    };
}

function isCompared(type: string): boolean {
    return COMPARED.includes(type.split(":")[0] ?? "");
}

async function made(stack: auto.Stack, when: string): Promise<Made[]> {
    const { deployment } = await stack.exportStack();
    const { resources } = deployment as {
        resources: { urn: string; type: string; id?: string; outputs?: Record<string, unknown> }[];
    };
    return resources
        .filter(({ type }) => isCompared(type))
        .map(({ urn, type, id, outputs }) => ({
            type,
            name: urn.split("::").at(-1) ?? urn,
            when,
            outputs: { ...plain(outputs ?? {}), id },
        }));
}

/** Removes the marks of secrets and the plugins' own bookkeeping, and shows secrets in clear. */
function plain(outputs: Record<string, unknown>): Record<string, unknown> {
    const entries = Object.entries(outputs).filter(([key]) => !key.startsWith("__"));
    return Object.fromEntries(entries.map(([key, value]) => [key, uncovered(value)]));
}

function uncovered(value: unknown): unknown {
    if (Array.isArray(value)) return value.map(uncovered);
    if (typeof value !== "object" || value === null) return value;
    const { plaintext } = value as { plaintext?: string };
    if (typeof plaintext === "string") return uncovered(JSON.parse(plaintext));
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, uncovered(item)]));
}
