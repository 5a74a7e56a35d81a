// `skep status`: what the swarm is like now. It asks hosts and managers, and changes nothing.

import { type Finding, lookCode, strictly } from "../../planning/finding";
import { ageText } from "../../planning/durations";
import { type NodeStatus, type Status, statusOf } from "../../planning/status";
import { pause } from "../../swarm/wait";
import { interruptedCode } from "../interrupt";
import type { Options } from "../options";
import { printJson, printNext } from "../print";
import { snapshotOf } from "../stack/last-look";
import { onStanding, type Standing } from "../stack/standing";
import { wantedOf } from "../stack/wanted";
import { tableLines, wrapped } from "../text";

export interface StatusOptions extends Options {
    /** Warnings count as errors. */
    strict?: boolean;
    /** Looks again and again until an interrupt. */
    watch?: boolean;
}

const WATCH_MS = 3000;
const DAY_MS = 86_400_000;
const CLEAR = "\u001b[H\u001b[2J";
const SHORT_DIGEST = 12;

/** Prints what the swarm is like. Sets the exit code: 0, 4 if a host cannot be looked at, 5 if the swarm is unwell. */
export async function status(options: StatusOptions): Promise<void> {
    await onStanding(options, async (standing) => {
        if (!options.watch) return show(await look(standing, options), options);
        const { signal } = standing.ctx;
        const stopped = new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve()));
        while (!signal.aborted) {
            // An interrupt need not wait for hosts that do not answer.
            const seen = await Promise.race([look(standing, options), stopped]);
            if (!seen) break;
            if (!options.json && process.stdout.isTTY) process.stdout.write(CLEAR);
            show(seen, options);
            await pause(WATCH_MS, signal);
        }
        process.exitCode = interruptedCode();
    });
}

async function look(standing: Standing, { strict }: StatusOptions): Promise<Status> {
    const wanted = await wantedOf(standing);
    const snapshot = await standing.progress.step("Looking at the swarm", () => snapshotOf(standing));
    const seen = statusOf(snapshot, wanted);
    return { ...seen, findings: strictly(seen.findings, strict) };
}

function show(seen: Status, options: StatusOptions): void {
    process.exitCode = lookCode(seen.findings);
    const shown = { stack: options.stack, ...seen };
    // A reader of lines gets one object a line.
    if (options.json && options.watch) console.log(JSON.stringify(shown));
    else if (options.json) printJson(shown);
    else console.log(statusText(seen, options.stack).join("\n"));
    if (!options.watch) printNext(options, "check");
}

/** What `status` prints: at most 80 columns, without colour. */
export function statusText(seen: Status, stack: string): string[] {
    const { at, from, quorum, registry, findings } = seen;
    const time = `${at.slice(0, 10)} ${at.slice(11, 19)} UTC`;
    const said = from === null ? "no manager answers" : `as ${from} says`;
    return [
        `Stack ${stack}, ${said}, ${time}`,
        `Managers: ${quorum.text}${quorum.leader === null ? "" : `; ${quorum.leader} leads`}`,
        `Registry: ${registry.server}, ${REGISTRY[registry.state]}`,
        `Last backup: ${backupText(seen)}`,
        "",
        ...nodeLines(seen),
        ...stackLines(seen),
        ...findingLines(findings),
    ];
}

function backupText({ lastBackup, from, at }: Status): string {
    if (lastBackup !== null) return `${ageText(Date.parse(lastBackup), Date.parse(at))} ago`;
    return from === null ? "not known, because no manager answers" : "none was made";
}

const REGISTRY = {
    answers: "answers",
    off: "off: none of its nodes takes tasks",
    silent: "does not answer everywhere",
    unknown: "not asked, because no manager answers",
} as const;

function nodeLines({ nodes, at }: Status): string[] {
    const heads = ["NODE", "ZONE", "ROLE", "STATE", "LOCK", "ENGINE", "DISK", "CERT", "TASKS"];
    const rows = nodes.map((node) => [
        ...[node.name, node.zone ?? "-", roleText(node), stateText(node), LOCK[node.lock]],
        ...[
            (node.engine?.version ?? "?") + (isOver(node, at) ? "†" : ""),
            diskText(node),
            daysText(node.certificateEnd, at),
            String(node.tasks ?? "?"),
        ],
    ]);
    const notes = [
        ...(nodes.some((node) => isOver(node, at)) ? ["† this engine gets no more fixes"] : []),
        ...(nodes.some(differs) ? ["≠ not the role that the stack gave it"] : []),
    ];
    return [...tableLines(heads, rows), ...(notes.length > 0 ? [notes.join("; ")] : [])];
}

const LOCK = { sealed: "sealed", locked: "LOCKED", open: "open", none: "-", unknown: "?" } as const;

function differs({ role: { wanted, found } }: NodeStatus): boolean {
    return wanted !== null && found !== null && wanted !== found;
}

function roleText(node: NodeStatus): string {
    const { leader, found } = node.role;
    return `${leader ? "leader" : (found ?? "?")}${differs(node) ? "≠" : ""}`;
}

function stateText({ state, reached, availability: { found } }: NodeStatus): string {
    if (state === null) return reached ? "?" : "silent";
    return state === "ready" && found !== null && found !== "active" ? found : state;
}

function isOver({ engine }: NodeStatus, at: string): boolean {
    return engine !== null && engine.endOfLife !== null && engine.endOfLife < at;
}

/** How much of the disk is in use. */
function diskText({ disk }: NodeStatus): string {
    return disk && disk.totalKib > 0 ? `${Math.round((1 - disk.freeKib / disk.totalKib) * 100)}%` : "?";
}

function daysText(end: string | null, at: string): string {
    return end === null ? "?" : `${Math.floor((Date.parse(end) - Date.parse(at)) / DAY_MS)} d`;
}

function stackLines({ stacks, nodes }: Status): string[] {
    if (stacks === null) return ["", "Stacks: not known, because no manager answers"];
    const zones = [...new Set(nodes.flatMap(({ zone }) => zone ?? []))].sort();
    const heads = ["STACK", "SERVICE", "TASKS", ...zones.map((zone) => shortened(zone, zones)), "IMAGE"];
    const rows = stacks.flatMap((stack) =>
        stack.services.map((service) => [
            stack.name === "" ? "-" : stack.owner === "skep" ? `${stack.name} *` : stack.name,
            service.name.replace(`${stack.name}_`, ""),
            `${service.running}/${service.wanted}`,
            ...zones.map((zone) => String(service.zones[zone] ?? ".")),
            imageText(service),
        ]),
    );
    return rows.length === 0 ? [] : ["", ...tableLines(heads, rows), "* Skep's own stack"];
}

/** What differs between this zone's name and those of the others: `a` of `eu-central-1a`. */
function shortened(zone: string, zones: readonly string[]): string {
    const isCommon = (length: number) => zones.every((other) => other.startsWith(zone.slice(0, length)));
    let length = 0;
    while (zones.length > 1 && length < zone.length - 1 && isCommon(length + 1)) length += 1;
    return zone.slice(length);
}

/** The digest says exactly which image runs. It comes first, so that a long name cannot push it off the line. */
function imageText({ image, digest }: { image: string; digest: string | null }): string {
    const name = image.split("/").at(-1) ?? "";
    const short = digest?.replace("sha256:", "").slice(0, SHORT_DIGEST);
    return `${short ?? "no digest   "} ${name}`;
}

/** The findings, errors first, each with what to do. */
export function findingLines(findings: readonly Finding[]): string[] {
    if (findings.length === 0) return ["", "Nothing to report."];
    return [
        "",
        ...findings.flatMap(({ severity, id, problem, advice }) => [
            ...wrapped(`${id}: ${problem}`, 2, severity === "error" ? "✗ " : "! "),
            ...(advice === "" ? [] : wrapped(advice, 4)),
        ]),
    ];
}
