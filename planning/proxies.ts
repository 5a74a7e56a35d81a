// The proxy that an environment names, and who can use it. Pure. Node's requests go by it in scripts/setup/fetch.ts.

/** Names that programs look for; curl knows the first only in small letters. */
export const PROXY_VARIABLES = ["http_proxy", "https_proxy", "no_proxy"] as const;
export type ProxyVariable = (typeof PROXY_VARIABLES)[number];

/** Addresses that stay on this machine, for `no_proxy` and its like. */
export const LOOPBACK = ["127.0.0.1", "localhost", "::1"] as const;

type Environment = Readonly<Record<string, string | undefined>>;

/** What an environment says of proxies, in small letters, without what is empty. Small letters win, as in curl. */
export function proxiesOf(environment: Environment): Partial<Record<ProxyVariable, string>> {
    return Object.fromEntries(
        PROXY_VARIABLES.flatMap((name) => {
            const value = environment[name] ?? environment[name.toUpperCase()];
            return value ? [[name, value]] : [];
        }),
    );
}

/** As `proxiesOf`, for another machine or a container: what is on this machine's loopback is of no use to them. */
export function proxiesForOthers(environment: Environment): Partial<Record<ProxyVariable, string>> {
    const { http_proxy, https_proxy, no_proxy } = proxiesOf(environment);
    const usable = {
        ...(http_proxy && !isLoopback(http_proxy) && { http_proxy }),
        ...(https_proxy && !isLoopback(https_proxy) && { https_proxy }),
    };
    return Object.keys(usable).length > 0 && no_proxy ? { ...usable, no_proxy } : usable;
}

/** Whether this machine reaches sites by a proxy of its own, which containers and hosts cannot reach. */
export function hasLoopbackProxy(environment: Environment): boolean {
    const { http_proxy, https_proxy } = proxiesOf(environment);
    const proxy = https_proxy ?? http_proxy;
    return proxy !== undefined && isLoopback(proxy);
}

/** The name of a variable that names no HTTP proxy, or undefined. Its value may have a password and is not shown. */
export function proxyProblem(environment: Environment): string | undefined {
    const { http_proxy, https_proxy } = proxiesOf(environment);
    const found = Object.entries({ http_proxy, https_proxy }).find(
        ([, value]) => value !== undefined && !/^https?:$/.test(parse(value)?.protocol ?? ""),
    );
    return found?.[0];
}

function isLoopback(proxy: string): boolean {
    const host = parse(proxy)?.hostname ?? "";
    return host === "localhost" || host === "[::1]" || host.startsWith("127.");
}

function parse(proxy: string): URL | undefined {
    return URL.canParse(proxy) ? new URL(proxy) : undefined;
}
