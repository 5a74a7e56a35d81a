// Which proxy the environment names, and who can use it. No I/O: scripts/setup/fetch.ts sends the requests.

/** The variables that programs read. curl reads the first one in small letters only. */
export const PROXY_VARIABLES = ["http_proxy", "https_proxy", "no_proxy"] as const;
export type ProxyVariable = (typeof PROXY_VARIABLES)[number];

/** Addresses of this machine itself, for `no_proxy` and similar variables. */
export const LOOPBACK = ["127.0.0.1", "localhost", "::1"] as const;

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * The proxy variables that are set and not empty, by their name in small letters. Small letters win, as in curl. ALL_PROXY
 * stands for those that are not set, if it names an HTTP proxy. The names in `no_proxy` have commas between them: some
 * programs know no spaces there.
 */
export function proxiesOf(environment: Environment): Partial<Record<ProxyVariable, string>> {
    const given = (name: string) => environment[name] ?? environment[name.toUpperCase()];
    const all = given("all_proxy");
    const forAll = all && isHttp(all) ? all : undefined;
    return Object.fromEntries(
        PROXY_VARIABLES.flatMap((name) => {
            const value =
                name === "no_proxy"
                    ? given(name)
                          ?.match(/[^\s,]+/g)
                          ?.join(",")
                    : given(name);
            const used = value ?? (name === "no_proxy" ? undefined : forAll);
            return used ? [[name, used]] : [];
        }),
    );
}

/**
 * Variables with which this process and the programs that it starts reach this machine itself without a proxy, and all
 * others through the same one, whichever spelling they read. gRPC has a variable of its own.
 */
export function directEnvironment(environment: Environment): Record<string, string> {
    const { no_proxy = "", ...proxies } = proxiesOf(environment);
    const direct = { no_grpc_proxy: LOOPBACK.join(",") };
    if (Object.keys(proxies).length === 0) return direct;
    const names = new Set([...no_proxy.split(","), ...LOOPBACK]);
    const all = { ...proxies, no_proxy: [...names].filter(Boolean).join(",") };
    const capitals = Object.entries(all).map(([name, value]) => [name.toUpperCase(), value] as const);
    return { ...direct, ...all, ...Object.fromEntries(capitals) };
}

/** As `proxiesOf`, for another machine or a container: without proxies on this machine's loopback, which they cannot reach. */
export function proxiesForOthers(environment: Environment): Partial<Record<ProxyVariable, string>> {
    const { http_proxy, https_proxy, no_proxy } = proxiesOf(environment);
    const usable = {
        ...(http_proxy && !isLoopbackProxy(http_proxy) && { http_proxy }),
        ...(https_proxy && !isLoopbackProxy(https_proxy) && { https_proxy }),
    };
    return Object.keys(usable).length > 0 && no_proxy ? { ...usable, no_proxy } : usable;
}

/** Whether the proxy is on this machine's loopback, where containers and hosts cannot reach it. */
export function hasLoopbackProxy(environment: Environment): boolean {
    const { http_proxy, https_proxy } = proxiesOf(environment);
    const proxy = https_proxy ?? http_proxy;
    return proxy !== undefined && isLoopbackProxy(proxy);
}

/**
 * The name of a variable whose value is not an HTTP proxy; undefined when all are. The value itself may have a password, so
 * nothing shows it.
 */
export function proxyProblem(environment: Environment): string | undefined {
    const { http_proxy, https_proxy } = proxiesOf(environment);
    const found = Object.entries({ http_proxy, https_proxy }).find(
        ([, value]) => value !== undefined && !isHttp(value),
    );
    return found?.[0];
}

/** Whether the proxy is on the loopback, where only the machine itself reaches it. */
export function isLoopbackProxy(proxy: string): boolean {
    const host = parse(proxy)?.hostname ?? "";
    return host === "localhost" || host === "[::1]" || host.startsWith("127.");
}

function isHttp(proxy: string): boolean {
    return /^https?:$/.test(parse(proxy)?.protocol ?? "");
}

function parse(proxy: string): URL | undefined {
    return URL.canParse(proxy) ? new URL(proxy) : undefined;
}
