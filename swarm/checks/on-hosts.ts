// Checks of what only the hosts themselves know: clocks, disks, certificates, key files, logs, versions.
import type { Problem } from "../../errors";
import { spanOf } from "../../planning/certificates";
import {
    certificateProblems,
    clockProblems,
    diskProblems,
    lifeProblems,
    lockedProblem,
    nodeCertificateProblems,
    raftProblems,
    rebootProblems,
    reserveProblems,
    versionProblems,
} from "../../planning/host-findings";
import { opensNodeKey } from "../../planning/recovery/node-key";
import { listed } from "../../planning/sentence";
import type { HostSight } from "../../planning/snapshot";
import type { KeyFile } from "../rotate/key-file";
import { hostScript, unpacked } from "../scripts";
import { askEach, type Asked, hostSight } from "../snapshot";
import type { Swarm } from "../swarm";
import type { Check, Expected, PlacedHost } from "./check";

const SCRIPT_MS = 15_000;

/** What each host said when the first check of a run asked: the others do not ask again. */
const asked = new WeakMap<Expected, Promise<HostSight[]>>();

function sights({ ctx }: Swarm, expected: Expected): Promise<HostSight[]> {
    const known = asked.get(expected);
    if (known) return known;
    const asking = Promise.all(expected.hosts.map((host) => hostSight(host, ctx.signal)));
    asked.set(expected, asking);
    return asking;
}

/** A check of what hosts said. It names the hosts that said nothing. */
function ofSights(
    name: string,
    sentence: string,
    find: (hosts: readonly HostSight[], now: number) => Problem[],
    part: "engine" | "shell" = "shell",
): Check {
    const run: Check["run"] = async (swarm, expected) => {
        const hosts = await sights(swarm, expected);
        const silent = hosts.filter((host) => host[part] === undefined).map((host) => host.name);
        return [...find(hosts, Date.now()), ...unseen(silent)];
    };
    return { name, sentence, run };
}

/** The problem of hosts that a check could not look at. The check `hosts` says why. */
export function unseen(hosts: readonly string[]): Problem[] {
    if (hosts.length === 0) return [];
    return [
        {
            id: "CHECK_UNSEEN",
            problem: `${listed(hosts)} could not be looked at.`,
            advice: "The check hosts says why.",
        },
    ];
}

export const hosts: Check = {
    name: "hosts",
    sentence: "every host and its engine answer",
    run: async (swarm, expected) =>
        (await sights(swarm, expected)).flatMap(({ name, engine, problems }): Problem[] => [
            ...problems,
            ...(engine?.member.state === "locked" ? [lockedProblem(name)] : []),
        ]),
};

export const clocks = ofSights("clocks", "the clocks of all hosts agree within 2 seconds", clockProblems);

export const disks = ofSights(
    "disks",
    "every engine's disk has room, managers keep a reserve on it, and no manager's log is large",
    (all) => [...diskProblems(all), ...reserveProblems(all), ...raftProblems(all)],
);

export const reboots = ofSights("reboots", "no host runs what an upgrade has replaced", rebootProblems);

export const versions = ofSights(
    "versions",
    "all hosts run the same engine and containerd, and both still get fixes",
    (all, now) => [...versionProblems(all), ...lifeProblems(all, now)],
    "engine",
);

export const certificates: Check = {
    name: "certificates",
    sentence: "every certificate is good for a month, or is renewed by the swarm in time",

    async run(swarm, expected) {
        const now = Date.now();
        const own = Object.entries(expected.certificates).flatMap(([what, pem]) => ofPem(what, pem, now));
        const nodes = nodeCertificateProblems(await sights(swarm, expected), now);
        type Found = { api: string | null; registry: string | null };
        const variables = { MODE: "certificates", SERVER: expected.registry.server };
        const { found, silent } = await onHosts<Found>(swarm, expected.hosts, variables);
        const apis = found.flatMap(({ host, value: { api } }) =>
            api === null
                ? []
                : ofPem(`The certificate of the engine's API on ${host.name}`, unpacked(api), now),
        );
        const shown = found.find(({ value }) => value.registry !== null)?.value.registry;
        const registry = shown
            ? ofPem("The registry's certificate", unpacked(shown), now)
            : [unread("The registry's certificate could not be read from any host.")];
        return [...own, ...nodes, ...apis, ...registry, ...unseen(silent)];
    },
};

function ofPem(what: string, pem: string, now: number): Problem[] {
    const span = spanOf(pem);
    return span ? certificateProblems(what, span, now) : [unread(`${what} cannot be read.`)];
}

function unread(problem: string): Problem {
    return {
        id: "CERTIFICATE_UNSEEN",
        problem,
        advice: "Run up; if it stays so, look at the registry's log.",
    };
}

export const lock: Check = {
    name: "lock",
    sentence: "the unlock key in the state opens every manager after its next restart",

    async run(swarm, expected) {
        const { unlockKey } = expected;
        if (unlockKey === "") return [];
        const managers = expected.hosts.filter(({ role }) => role === "manager");
        const { found, silent } = await onHosts<KeyFile>(swarm, managers, { MODE: "key" });
        const problems = found.flatMap(({ host: { name }, value: { sealed } }): Problem[] => {
            if (sealed === null)
                return [
                    {
                        id: "LOCK_OPEN",
                        problem: `The unlock key does not seal the key file of ${name}.`,
                        advice: "Run up; if it stays so, rotate the unlock key: skep rotate unlock-key.",
                    },
                ];
            if (opensNodeKey(unpacked(sealed), unlockKey)) return [];
            return [
                {
                    id: "LOCK_KEY",
                    problem: `The unlock key in the state does not open the key file of ${name}.`,
                    advice: `Run up while ${name} works: it takes the swarm's present key into the state.`,
                },
            ];
        });
        return [...problems, ...unseen(silent)];
    },
};

export const logs: Check = {
    name: "logs",
    sentence: "no container logs to a file without a limit",

    async run(swarm, { hosts: all }) {
        const { found, silent } = await onHosts<string[]>(swarm, all, { MODE: "logs" });
        const problems = found.flatMap(({ host, value }): Problem[] =>
            value.length === 0
                ? []
                : [
                      {
                          id: "LOGS_UNBOUNDED",
                          problem: `On ${host.name}, ${listed(value)} log without a limit.`,
                          advice: "Set max-size in the logging options of their services.",
                      },
                  ],
        );
        return [...problems, ...unseen(silent)];
    },
};

/** What check.sh says on each of the hosts, and the names of those on which it could not run. */
function onHosts<T>(
    { ctx: { signal } }: Swarm,
    hosts: readonly PlacedHost[],
    variables: Record<string, string>,
): Promise<Asked<T>> {
    const script = hostScript("data-root", "check");
    return askEach(hosts, ({ host }) => host.script<T>(script, variables, { signal, timeoutMs: SCRIPT_MS }));
}
