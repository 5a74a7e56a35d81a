// Compares the engine's packages on a host with the wanted versions: what a preview shows, and whether a change restarts
// the engine. No I/O.

import { DAEMON_JSON, mayReload } from "./daemon-json";
import type { EngineWork } from "./rollout";
import { upstream } from "./versions";

/** The engine's packages; Skep installs exact versions of them. */
export const ENGINE_PACKAGES = ["docker-ce", "docker-ce-cli", "containerd.io"] as const;
export type EnginePackage = (typeof ENGINE_PACKAGES)[number];

/** A text by package: the wanted version, or the version on a host with what is wrong about it. */
export type EngineVersions = Record<EnginePackage, string>;

/** What Skep found on a host. */
export interface FoundEngine {
    /** The installed packages; `held` means that apt does not upgrade it. */
    installed: Partial<Record<EnginePackage, { version: string; held: boolean }>>;
    /** The version that the running engine reports; undefined when no engine answers. */
    running: string | undefined;
    /** What only a restart of the engine mends, in words that follow a version. */
    stale: readonly string[];
}

/** Describes the host's packages for the preview. The result equals the wanted versions exactly when nothing has to change. */
export function describeEngine({ installed, running, stale }: FoundEngine): EngineVersions {
    const describe = (name: EnginePackage): string => {
        const found = installed[name];
        if (!found) return "not installed";
        const wrong = [...(found.held ? [] : ["not held"])];
        if (name === "docker-ce" && running === undefined) wrong.push("not running");
        if (name === "docker-ce" && running !== undefined && upstream(running) !== upstream(found.version))
            wrong.push(`${running} is running`);
        if (name === "docker-ce" && running !== undefined) wrong.push(...stale);
        return wrong.length === 0 ? found.version : `${found.version} (${wrong.join(", ")})`;
    };
    return Object.fromEntries(ENGINE_PACKAGES.map((name) => [name, describe(name)])) as EngineVersions;
}

/**
 * What has to be done so that the engine has the wanted packages and has read these changed keys of daemon.json; undefined
 * if nothing.
 */
export function workFor(
    found: FoundEngine,
    asked: EngineVersions,
    changedKeys: readonly string[],
): EngineWork | undefined {
    const { installed, running, stale } = found;
    const differs = (["docker-ce", "containerd.io"] as const).some(
        (name) => installed[name]?.version !== asked[name],
    );
    if (differs) return "packages";
    if (running === undefined || upstream(running) !== upstream(asked["docker-ce"])) return "restart";
    if (stale.length > 0 || !mayReload(changedKeys)) return "restart";
    if (changedKeys.length > 0) return "reload";
    return isAsAsked(found, asked) ? undefined : "hold";
}

/** Whether the engine serves nobody as it should: what is wrong with its host may be due to that. */
export function isBroken({ installed, running, stale }: FoundEngine): boolean {
    const has = installed["docker-ce"]?.version;
    if (has === undefined || running === undefined) return true;
    return upstream(running) !== upstream(has) || stale.includes(NO_CHAINS);
}

function isAsAsked(found: FoundEngine, asked: EngineVersions): boolean {
    const described = describeEngine(found);
    return ENGINE_PACKAGES.every((name) => described[name] === asked[name]);
}

const NO_CHAINS = "its firewall rules are gone";

/** Parses the output of LOOK. Packages that are not installed are missing from the result. */
export function parseInstalled(text: string): FoundEngine["installed"] {
    const installed: FoundEngine["installed"] = {};
    for (const line of text.split("\n")) {
        const [name, version = "", want, status] = line.split(" ");
        const known = ENGINE_PACKAGES.find((each) => each === name);
        if (known && status === "installed") installed[known] = { version, held: want === "hold" };
    }
    return installed;
}

/** What only a restart mends, as the output of LOOK says. */
export function parseStale(text: string): string[] {
    return text.split("\n").flatMap((line) => {
        const [kind, file] = line.split(" ");
        if (kind === "newer" && file) return [`it started before ${file} was changed`];
        return line === "no-chains" ? [NO_CHAINS] : [];
    });
}

const LIST_PACKAGES = `dpkg-query -W -f '\${Package} \${Version} \${db:Status-Want} \${db:Status-Status}\\n' ${ENGINE_PACKAGES.join(" ")} 2>/dev/null`;

/** When an engine last read its settings without a restart. */
const RELOADED_AT = "/etc/skep/daemon-reloaded";

/** What an engine reads at its start only. The folder changes when a file in it comes or goes. */
const READ_AT_START = [DAEMON_JSON, "/etc/docker/tls/cert.pem", "/etc/systemd/system/docker.service.d"];

/**
 * Skep runs this on every host before every command. It reads dpkg's own list, when the engine's files changed, and whether
 * the engine's chains are in the firewall. An engine that was told to use no iptables has none.
 */
export const LOOK = `${LIST_PACKAGES}
sudo -n sh -c '
started=$(systemctl show --value -p ExecMainStartTimestamp docker.service)
if [ -n "$started" ] && systemctl is-active -q docker.service; then
    for file in ${READ_AT_START.join(" ")}; do
        changed=$(stat -c %Z "$file" 2>/dev/null) || continue
        read=$(date -d "$started" +%s)
        if [ $file = ${DAEMON_JSON} ] && [ -e ${RELOADED_AT} ]; then read="$read
$(stat -c %Z ${RELOADED_AT})"; fi
        if [ "$changed" -gt "$(echo "$read" | sort -n | tail -n 1)" ]; then echo "newer $file"; fi
    done
    if ! grep -qs "iptables\\|firewall-backend" ${DAEMON_JSON} &&
        forward=$(iptables -w 3 -S FORWARD 2>/dev/null) && nat=$(iptables -w 3 -t nat -S PREROUTING 2>/dev/null); then
        case $forward in *"-j DOCKER-USER"*) ;; *) nat= ;; esac
        case $nat in *"-j DOCKER"*) ;; *) echo no-chains ;; esac
    fi
fi'`;
