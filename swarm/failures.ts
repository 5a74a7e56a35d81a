// What can go wrong between this machine and a host's engine, each with its id, sentence and advice.
import { type ProblemId, SkepError, skepError } from "../errors";

/** The engine answered, and refused. */
export class EngineError extends SkepError {
    constructor(
        host: string,
        request: string,
        readonly statusCode: number,
        /** What the engine said. */
        readonly reason: string,
    ) {
        const sentence = `The engine of ${host} refused ${request} (${statusCode}): ${oneLine(reason)}.`;
        const advice = `Look at its log on that host (journalctl -u docker), then run the same command again.`;
        super([{ id: "ENGINE_REFUSED", problem: sentence, advice }]);
        this.name = "EngineError";
    }
}

/** No answer: the host is out of reach, its key is another one, or its engine does not run or answer in time. */
export class ConnectionError extends SkepError {
    constructor(id: ProblemId, problem: string, advice: string) {
        super([{ id, problem, advice }]);
        this.name = "ConnectionError";
    }
}

/** Why there is no SSH connection, in the words of someone who has to mend it. */
export function noConnection(host: string, endpoint: string, error: Error | undefined): ConnectionError {
    const said = error?.message ?? "the connection was closed";
    if (/verification failed|host denied/i.test(said))
        return new ConnectionError(
            "HOST_KEY",
            `${host} at ${endpoint} shows another SSH host key than the one it was given.`,
            "Find out what answers there before anything else; a host that was made anew by hand has to be removed, so that up makes it again.",
        );
    if (/authentication methods failed/i.test(said))
        return new ConnectionError(
            "HOST_LOGIN",
            `${host} at ${endpoint} refuses this deployment's SSH key.`,
            "See on the host whether its first boot ended (cloud-init status), then run the same command again.",
        );
    return new ConnectionError(
        "HOST_UNREACHABLE",
        `${host} cannot be reached by SSH at ${endpoint}: ${oneLine(said)}.`,
        "Start the host, then run the same command again.",
    );
}

/** The host is there, its engine's socket is not. */
export function noSocket(host: string, error: Error): ConnectionError {
    return new ConnectionError(
        "ENGINE_STOPPED",
        `The engine of ${host} does not take connections: ${oneLine(error.message)}.`,
        "Start it on that host with `systemctl start docker`, then run the same command again.",
    );
}

/** The connection was lost in the middle of a request. */
export function brokenRequest(host: string, request: string, error: Error): Error {
    if (error instanceof SkepError) return error;
    return new ConnectionError(
        "ENGINE_CONNECTION",
        `The connection to the engine of ${host} broke during ${request}: ${oneLine(error.message)}.`,
        "Run the same command again: it goes on from what is there.",
    );
}

/** The user interrupted what waits for a host. */
export function cancelledRequest(host: string): SkepError {
    return skepError("CANCELLED", `Interrupted while ${host} was working.`, "Run the same command again.");
}

/** Nothing came back within the request's time. */
export function noAnswer(host: string, what: string, timeoutMs: number): ConnectionError {
    return new ConnectionError(
        "HOST_TIMEOUT",
        `${host} did not answer ${what} within ${Math.round(timeoutMs / 1000)} s.`,
        "See whether the host and its engine are overloaded or stopped, then run the same command again.",
    );
}

/** What was wrong, without the advice: for sentences that name it as a part. */
export function reasonOf(error: unknown): string {
    const sentence =
        error instanceof SkepError
            ? error.problems.map(({ problem }) => problem).join(" ")
            : error instanceof Error
              ? error.message
              : String(error);
    return oneLine(sentence);
}

/** Text of any shape as a part of a sentence: on one line, and without a full stop of its own. */
export function oneLine(text: string): string {
    return text.trim().replace(/\s+/g, " ").replace(/\.+$/, "");
}
