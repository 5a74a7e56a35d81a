// Which inputs of docker.Container are covered, what they are by default, and what a change of each one means.
import type { CheckFailure, Props } from "../../../providers/runtime/types";

/** Official: a change of these makes a new container. */
export const REPLACING_INPUTS = [
    "capabilities",
    "cgroupParent",
    "cgroupnsMode",
    "command",
    "dns",
    "dnsOpts",
    "dnsSearches",
    "domainname",
    "entrypoints",
    "envs",
    "groupAdds",
    "hostname",
    "hosts",
    "image",
    "ipcMode",
    "labels",
    "logDriver",
    "logOpts",
    "mounts",
    "name",
    "networkMode",
    "networksAdvanced",
    "pidMode",
    "ports",
    "privileged",
    "publishAllPorts",
    "readOnly",
    "securityOpts",
    "shmSize",
    "stdinOpen",
    "stopSignal",
    "stopTimeout",
    "storageOpts",
    "sysctls",
    "tty",
    "ulimits",
    "uploads",
    "user",
    "usernsMode",
    "volumes",
    "workingDir",
];

/** Official: these change on the running container. */
export const UPDATING_INPUTS = ["cpuSet", "cpuShares", "maxRetryCount", "memory", "memorySwap", "restart"];

/** These only say how the resource is handled. */
const HANDLING_INPUTS = [
    "attach",
    "destroyGraceSeconds",
    "healthcheck",
    "init",
    "logs",
    "mustRun",
    "removeVolumes",
    "rm",
    "start",
    "tmpfs",
    "wait",
    "waitTimeout",
];

export const INPUTS = [...REPLACING_INPUTS, ...UPDATING_INPUTS, ...HANDLING_INPUTS];

export const DEFAULTS = {
    attach: false,
    logs: false,
    mustRun: true,
    networkMode: "bridge",
    publishAllPorts: false,
    readOnly: false,
    removeVolumes: true,
    restart: "no",
    rm: false,
    start: true,
    stdinOpen: false,
    tty: false,
    wait: false,
    waitTimeout: 60,
};

/** Outputs that the engine fills in where the program gives nothing. */
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

const RESTART_POLICIES = ["no", "on-failure", "always", "unless-stopped"];

/** What the official provider would refuse of a container. */
export function checkContainer(inputs: Props): CheckFailure[] {
    const failures: CheckFailure[] = [];
    const { restart, attach, logs } = inputs;
    if (typeof restart === "string" && !RESTART_POLICIES.includes(restart)) {
        const reason = `restart must be one of ${RESTART_POLICIES.join(", ")}, got ${restart}`;
        failures.push({ property: "restart", reason });
    }
    for (const [property, value] of Object.entries({ attach, logs })) {
        if (value === true)
            failures.push({ property, reason: `'${property}: true' is not covered by the stand-in` });
    }
    return failures;
}
