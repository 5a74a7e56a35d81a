// The files that make a host's apt, Skep's script on the host and the engine use a proxy. No I/O.

import { shellQuote } from "./shell";

/** A proxy of hosts, from `skep:proxy`. */
export interface HostProxy {
    http?: string;
    https?: string;
    /** Names and ranges that are reached without it. */
    noProxy: readonly string[];
}

/** The files by path. Their texts may have a password. */
export function proxyFiles({
    http,
    https,
    noProxy,
}: HostProxy): Record<string, { content: string; mode: string }> {
    const direct = noProxy.join(",");
    const given = { http_proxy: http, https_proxy: https };
    const variables = Object.entries(given).flatMap(([name, value]) =>
        value ? [[name, value] as const] : [],
    );
    const all = [...variables, ["no_proxy", direct] as const];
    return {
        "/etc/apt/apt.conf.d/95skep-proxy": file([
            ...(http ? [`Acquire::http::Proxy "${http}";`] : []),
            ...(https ? [`Acquire::https::Proxy "${https}";`] : []),
            ...noProxy
                .filter((name) => /^[\w-][\w.-]*$/.test(name))
                .flatMap((name) =>
                    ["http", "https"].map((kind) => `Acquire::${kind}::Proxy::${name} "DIRECT";`),
                ),
        ]),
        // Skep's script of the engine reads it, for curl.
        "/etc/skep/proxy": file(all.map(([name, value]) => `export ${name}=${shellQuote(value)}`)),
        // Every version of the engine reads these variables; `proxies` in daemon.json is known to engines from 23 on only.
        "/etc/systemd/system/docker.service.d/skep-proxy.conf": file([
            "[Service]",
            ...all.map(([name, value]) => `Environment="${name.toUpperCase()}=${unitText(value)}"`),
        ]),
    };
}

/** Only root reads them: the URL of a proxy may have a password. */
function file(lines: readonly string[]) {
    return { content: `${lines.join("\n")}\n`, mode: "600" };
}

/** systemd takes `%` and `\` for itself in a unit's texts. */
function unitText(value: string): string {
    return value.replaceAll("\\", "\\\\").replaceAll("%", "%%").replaceAll('"', '\\"');
}
