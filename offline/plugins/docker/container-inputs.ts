// Which inputs of docker.Container are covered, what they are by default, and what a change of each one means.
import type { CheckFailure, Props } from "../../../providers/runtime/types";

/** A change of these makes a new container. */
export const REPLACING_INPUTS = [
    "capabilities",
    "cgroupnsMode",
    "command",
    "hostname",
    "image",
    "labels",
    "mounts",
    "name",
    "networkMode",
    "networksAdvanced",
    "ports",
    "securityOpts",
    "stopSignal",
    "stopTimeout",
    "uploads",
    "volumes",
];

/** These change on the running container. */
export const UPDATING_INPUTS = ["maxRetryCount", "restart"];

/** These say how the resource is handled; `tmpfs` is among them because the official update does not apply it. */
const HANDLING_INPUTS = ["mustRun", "start", "tmpfs"];

export const INPUTS = [...REPLACING_INPUTS, ...UPDATING_INPUTS, ...HANDLING_INPUTS];

export const DEFAULTS = {
    mustRun: true,
    networkMode: "bridge",
    restart: "no",
    start: true,
};

/** Outputs that the engine fills in where the program gives nothing: without an input they are never a difference. */
export const COMPUTED = [
    "bridge",
    "command",
    "containerLogs",
    "entrypoints",
    "envs",
    "exitCode",
    "healthcheck",
    "hostname",
    "init",
    "ipcMode",
    "labels",
    "logDriver",
    "name",
    "networkDatas",
    "platform",
    "runtime",
    "securityOpts",
    "shmSize",
    "stopSignal",
    "stopTimeout",
];

/** What is covered inside of inputs that hold objects. */
const NESTED: Record<string, readonly string[]> = {
    capabilities: ["adds", "drops"],
    labels: ["label", "value"],
    mounts: ["readOnly", "source", "target", "type"],
    networksAdvanced: ["aliases", "ipv4Address", "name"],
    ports: ["external", "internal", "ip", "protocol"],
    uploads: ["content", "file"],
    volumes: ["containerPath", "hostPath", "readOnly", "volumeName"],
};

const RESTART_POLICIES = ["no", "on-failure", "always", "unless-stopped"];

/** What the official provider would refuse of a container, and what the stand-in does not cover. */
export function checkContainer(inputs: Props): CheckFailure[] {
    const failures: CheckFailure[] = [];
    const { restart, volumes = [] } = inputs;
    if (typeof restart === "string" && !RESTART_POLICIES.includes(restart)) {
        const reason = `restart must be one of ${RESTART_POLICIES.join(", ")}, got ${restart}`;
        failures.push({ property: "restart", reason });
    }
    for (const [property, covered] of Object.entries(NESTED))
        for (const key of keysInside(inputs[property]))
            if (!covered.includes(key)) {
                const reason = `'${property}.${key}' is not covered by the stand-in`;
                failures.push({ property, reason });
            }
    // The official schema wants an absolute path, and takes an empty one for a wrong one.
    for (const { hostPath } of Array.isArray(volumes) ? (volumes as Props[]) : [])
        if (typeof hostPath === "string" && !hostPath.startsWith("/"))
            failures.push({ property: "volumes", reason: `'${hostPath}' must be an absolute path` });
    return failures;
}

/** Names of the keys of an object, or of a list's objects. */
function keysInside(value: unknown): string[] {
    const objects = (Array.isArray(value) ? value : [value]).filter(
        (item): item is object => typeof item === "object" && item !== null,
    );
    return [...new Set(objects.flatMap((object) => Object.keys(object)))];
}
