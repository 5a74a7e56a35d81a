// Setup's requests to other sites: probes and downloads. They use the proxy that the environment names (HTTPS_PROXY,
// HTTP_PROXY, NO_PROXY), which Node's own fetch ignores, and have time limits. The sites: mirrors.ts.

import { skepError } from "../../errors";
import { proxyProblem } from "../../planning/proxies";

/** A download that receives nothing for so long has stalled. */
const STALL_SECONDS = 30;
const UNAUTHORIZED = 401;

export interface DownloadOptions {
    /** The limit of the whole download. */
    seconds: number;
    /** The limit of a pause in it. Default 30. */
    stallSeconds?: number;
}

/** Whether a site answers within `seconds`: with success, or with 401, as registries do. A proxy that refuses says 403 or worse. */
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

/** The content at a URL. Throws `Unanswered` with the reason when not all of it came in time. */
export async function download(
    url: string,
    { seconds, stallSeconds = STALL_SECONDS }: DownloadOptions,
): Promise<Buffer> {
    return request(url, { method: "GET", seconds, stallSeconds }, async (response) => {
        if (!response.ok) throw new Error(`HTTP ${response.status}`);
        return Buffer.from(await response.arrayBuffer());
    });
}

/** A request failed. The message is the reason, without a full stop. */
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
    // Loaded late: most commands find everything in the cache and send no request.
    const { EnvHttpProxyAgent, fetch } = await import("undici");
    const agent = new EnvHttpProxyAgent({
        // Many proxies allow tunnels to port 443 only.
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
        // close() would wait for the rest of a stalled answer.
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

/** Why a request failed. undici puts the reason into its errors' causes. */
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
