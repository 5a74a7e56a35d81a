// The inputs of docker.Container that are covered, their defaults, and what a change of each means.
import type { CheckFailure, Props } from "../../../providers/runtime/types";
import { oneOf } from "../shared";

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
    "networksAdvanced",
    "ports",
    "securityOpts",
    "stopSignal",
    "stopTimeout",
    "uploads",
    "volumes",
];

/** A change of these updates the running container. */
export const UPDATABLE_INPUTS = ["memory", "memorySwap", "restart"];

/** The official update applies nothing else. */
export const INPUTS = [...REPLACING_INPUTS, ...UPDATABLE_INPUTS, "mustRun", "start", "tmpfs"];

/** The official plugin keeps these in the state. */
export const DEFAULTS = {
    mustRun: true,
    networkMode: "bridge",
    restart: "no",
    start: true,
};

/** Outputs that the engine fills in. An input that the program does not give is no difference then. */
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

/** The keys that are covered inside of inputs that hold objects. */
const NESTED: Record<string, readonly string[]> = {
    capabilities: ["adds", "drops"],
    labels: ["label", "value"],
    mounts: ["readOnly", "source", "target", "type"],
    networksAdvanced: ["ipv4Address", "name"],
    ports: ["external", "internal", "ip"],
    uploads: ["content", "file"],
    volumes: ["containerPath", "volumeName"],
};

const RESTART_POLICIES = ["no", "on-failure", "always", "unless-stopped"];

/** A failure for each input that the official provider would refuse, and for each key that is not covered. */
export function checkContainer(inputs: Props): CheckFailure[] {
    const uncovered = Object.entries(NESTED).flatMap(([property, covered]) =>
        keysInside(inputs[property])
            .filter((key) => !covered.includes(key))
            .map((key) => ({ property, reason: `'${property}.${key}' is not covered by the stand-in` })),
    );
    return [...oneOf("restart", inputs.restart, RESTART_POLICIES), ...uncovered];
}

/** Names of the keys of an object, or of a list's objects. */
function keysInside(value: unknown): string[] {
    const objects = (Array.isArray(value) ? value : [value]).filter(
        (item): item is object => typeof item === "object" && item !== null,
    );
    return [...new Set(objects.flatMap((object) => Object.keys(object)))];
}
