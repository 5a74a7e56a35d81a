// Every request of set-up to a site outside: what a probe asks, what a download brings. Requests go by the proxy that the
// environment names (HTTPS_PROXY, HTTP_PROXY, NO_PROXY), which Node's own fetch ignores, and end in bounded time.
// Which sites there are stands in mirrors.ts; what is done with what they send, in the steps.

import { skepError } from "../../errors";
import { proxyProblem } from "../../planning/proxies";

/** A download that brings nothing for so long has stalled. */
const STALL_SECONDS = 30;
const UNAUTHORIZED = 401;

export interface DownloadOptions {
    /** The whole download's limit. */
    seconds: number;
    /** How long it may bring nothing. Default 30. */
    stallSeconds?: number;
}

/**
 * Whether a site answers within `seconds`. A registry answers strangers with 401, which counts; a proxy that refuses
 * says 403 or worse, which does not.
 */
export async function answers(url: string, seconds: number): Promise<boolean> {
    try {
        return await request(url, { method: "HEAD", seconds }, (response) =>
            Promise.resolve(response.ok || response.status === UNAUTHORIZED),
        );
    } catch (error) {
        if (error instanceof Unanswered) return false;
        throw error;
    }
}

/** All that a URL has. Throws `Unanswered`, whose message is the reason, when not every byte of it came in time. */
export async function download(
    url: string,
    { seconds, stallSeconds = STALL_SECONDS }: DownloadOptions,
): Promise<Buffer> {
    return request(url, { method: "GET", seconds, stallSeconds }, async (response) => {
        if (!response.ok) throw new Error(`HTTP ${response.status}`);
        return Buffer.from(await response.arrayBuffer());
    });
}

/** A site did not answer, or not with what was asked; the message says why, without an end stop. */
export class Unanswered extends Error {}

interface Request {
    method: "HEAD" | "GET";
    seconds: number;
    stallSeconds?: number;
}

interface Answer {
    ok: boolean;
    status: number;
    arrayBuffer(): Promise<ArrayBuffer>;
}

async function request<T>(
    url: string,
    { method, seconds, stallSeconds = seconds }: Request,
    use: (response: Answer) => Promise<T>,
): Promise<T> {
    const problem = proxyProblem(process.env);
    if (problem)
        throw skepError(
            "PROXY_SETTING",
            `${problem} is set to what is no address of an HTTP proxy.`,
            "Set it as in http://proxy.example:3128, or unset it.",
        );
    // Loaded here: most commands find everything in the cache and ask nobody.
    const { EnvHttpProxyAgent, fetch } = await import("undici");
    const agent = new EnvHttpProxyAgent({
        // Proxies in offices let tunnels through to port 443 only.
        proxyTunnel: false,
        headersTimeout: stallSeconds * 1000,
        bodyTimeout: stallSeconds * 1000,
    });
    try {
        const signal = AbortSignal.timeout(seconds * 1000);
        return await use(await fetch(url, { method, signal, dispatcher: agent }));
    } catch (error) {
        throw new Unanswered(reasonOf(error as Error, { seconds, stallSeconds }));
    } finally {
        // Not closed in order: that would wait for what a stalled site still owes.
        await agent.destroy();
    }
}

const REASONS: Record<string, string> = {
    ENOTFOUND: "its name is not known",
    EAI_AGAIN: "its name could not be looked up",
    ECONNREFUSED: "the connection was refused",
    UND_ERR_SOCKET: "the connection ended before everything had come",
    UND_ERR_RES_CONTENT_LENGTH_MISMATCH: "the connection ended before everything had come",
    UND_ERR_CONNECT_TIMEOUT: "it does not answer",
};

/** Why it failed: undici puts the reason below its own errors. */
function reasonOf(
    error: Error,
    { seconds, stallSeconds }: { seconds: number; stallSeconds: number },
): string {
    if (error.name === "TimeoutError") return `it took more than ${seconds} seconds`;
    const { cause } = error;
    if (cause instanceof Error) return reasonOf(cause, { seconds, stallSeconds });
    const { code = "" } = error as NodeJS.ErrnoException;
    if (code === "UND_ERR_BODY_TIMEOUT" || code === "UND_ERR_HEADERS_TIMEOUT")
        return `nothing came for ${stallSeconds} seconds`;
    return REASONS[code] ?? (error.message || code);
}
