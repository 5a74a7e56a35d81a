// Which proxy the environment names, and who can use it. No I/O: scripts/setup/fetch.ts sends the requests.

/** The variables that programs read. curl reads the first one in small letters only. */
export const PROXY_VARIABLES = ["http_proxy", "https_proxy", "no_proxy"] as const;
export type ProxyVariable = (typeof PROXY_VARIABLES)[number];

/** Addresses of this machine itself, for `no_proxy` and similar variables. */
export const LOOPBACK = ["127.0.0.1", "localhost", "::1"] as const;

type Environment = Readonly<Record<string, string | undefined>>;

/** The proxy variables that are set and not empty, by their name in small letters. Small letters win, as in curl. */
export function proxiesOf(environment: Environment): Partial<Record<ProxyVariable, string>> {
    return Object.fromEntries(
        PROXY_VARIABLES.flatMap((name) => {
            const value = environment[name] ?? environment[name.toUpperCase()];
            return value ? [[name, value]] : [];
        }),
    );
}

/** As `proxiesOf`, for another machine or a container: without proxies on this machine's loopback, which they cannot reach. */
export function proxiesForOthers(environment: Environment): Partial<Record<ProxyVariable, string>> {
    const { http_proxy, https_proxy, no_proxy } = proxiesOf(environment);
    const usable = {
        ...(http_proxy && !isLoopback(http_proxy) && { http_proxy }),
        ...(https_proxy && !isLoopback(https_proxy) && { https_proxy }),
    };
    return Object.keys(usable).length > 0 && no_proxy ? { ...usable, no_proxy } : usable;
}

/** Whether the proxy is on this machine's loopback, where containers and hosts cannot reach it. */
export function hasLoopbackProxy(environment: Environment): boolean {
    const { http_proxy, https_proxy } = proxiesOf(environment);
    const proxy = https_proxy ?? http_proxy;
    return proxy !== undefined && isLoopback(proxy);
}

/**
 * The name of a variable whose value is not an HTTP proxy; undefined when all are. The value itself may have a password, so
 * nothing shows it.
 */
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
