// What can go wrong between this machine and a host's engine, each with its id, sentence and advice.
import { type Problem, type ProblemId, SkepError, skepError } from "../errors";
import { oneLine, reasonOf } from "../planning/sentence";

/** A failure of a host, of its engine or of the connection to it. It is neither a bug nor a refusal by Skep. */
export class HostFailure extends SkepError {
    constructor(
        problem: Problem,
        /** Whether the failure may pass by itself in a moment, so that a wait goes on. */
        readonly passes: boolean,
    ) {
        super([problem]);
    }
}

/** Whether the error is a host's failure that may pass by itself in a moment. */
export function mayPass(error: unknown): boolean {
    return error instanceof HostFailure && error.passes;
}

/** The answer, or undefined if the host failed. Bugs and interrupts still throw. */
export async function ifAnswered<T>(answer: Promise<T>): Promise<T | undefined> {
    return answer.catch((error: unknown) => {
        if (error instanceof HostFailure) return undefined;
        throw error;
    });
}

/** The answer, or undefined if the engine says that the thing does not exist (404). */
export async function ifExists<T>(answer: Promise<T>): Promise<T | undefined> {
    return answer.catch((error: unknown) => {
        if (error instanceof EngineError && error.statusCode === 404) return undefined;
        throw error;
    });
}

/**
 * The engine answered, and refused. A server error (5xx) may pass, unless it protects the quorum; a refusal of the
 * request itself does not pass.
 */
export class EngineError extends HostFailure {
    constructor(
        readonly host: string,
        request: string,
        readonly statusCode: number,
        /** The engine's own words. */
        readonly reason: string,
    ) {
        const sentence = `The engine of ${host} refused ${request} (${statusCode}): ${oneLine(reason)}.`;
        const advice = `Look at its log on that host (journalctl -u docker), then run the same command again.`;
        const passes = statusCode >= 500 && !/last manager|loss of quorum/.test(reason);
        super({ id: "ENGINE_REFUSED", problem: sentence, advice }, passes);
        this.name = "EngineError";
    }
}

/** Waiting cures none of these. */
const LASTING = ["HOST_KEY", "HOST_LOGIN", "HOST_FORWARDING", "HOST_SESSIONS"];
/** With these, no engine was asked: the connection itself failed. */
const UNASKED = ["HOST_UNREACHABLE", "HOST_HANGS_UP", "HOST_KEY", "HOST_LOGIN", "HOST_FORWARDING"];

/**
 * No answer: the host cannot be reached, shows a wrong host key or refuses the login, or its engine does not run or does
 * not answer in time.
 */
export class ConnectionError extends HostFailure {
    constructor(
        readonly id: ProblemId,
        problem: string,
        advice: string,
    ) {
        super({ id, problem, advice }, !LASTING.includes(id));
        this.name = "ConnectionError";
    }
}

/** No manager answered. Names each host's failure. It passes if one of them does. */
export class NoManager extends HostFailure {
    /**
     * Whether no engine could be asked at all. An engine that is stopped or breaks a connection may be restarting, and a
     * host that does not answer in time may be busy.
     */
    readonly noHostAnswers: boolean;

    constructor(failures: readonly HostFailure[]) {
        const reasons = failures.map((failure) => whyNoManager(failure) ?? reasonOf(failure));
        const details = reasons.length > 0 ? ` (${reasons.join("; ")})` : "";
        const problem: Problem = {
            id: "SWARM_UNREACHABLE",
            problem: `No manager of the swarm answers${details}.`,
            advice: reasons.some((reason) => reason.endsWith(LOCKED))
                ? "Open the locked managers: skep unlock."
                : "Start the managers' hosts again; if their data is lost: skep recover where one of them has it, else skep restore ARCHIVE.",
        };
        super(problem, failures.length === 0 || failures.some(mayPass));
        this.noHostAnswers = failures.every(
            (error) => error instanceof ConnectionError && UNASKED.includes(error.id),
        );
    }
}

const LOCKED = "is locked";

/** What a host is, if that is why its engine refused as a manager; undefined for any other failure. */
function whyNoManager(failure: HostFailure): string | undefined {
    if (!(failure instanceof EngineError)) return undefined;
    const { host, reason } = failure;
    if (/needs to be unlocked/.test(reason)) return `${host} ${LOCKED}`;
    if (/does not have a leader/.test(reason)) return `${host} is a manager without a leader`;
    return undefined;
}

/** The error for a host that manages another swarm than the one asked for. */
export function otherSwarm(host: string): HostFailure {
    const problem: Problem = {
        id: "NODE_IN_OTHER_SWARM",
        problem: `${host} is a member of another swarm.`,
        advice: "Let it leave that swarm with `docker swarm leave --force`.",
    };
    return new HostFailure(problem, false);
}

/** The error for an engine whose API is too old for Skep. */
export function oldEngine(host: string, api: string, oldest: string): HostFailure {
    const problem: Problem = {
        id: "ENGINE_API_OLD",
        problem: `The engine of ${host} speaks Docker's API ${api}, and Skep needs ${oldest} or a newer one.`,
        advice: "Set skep:dockerVersion to 20.10 or newer, or update the engine on that host.",
    };
    return new HostFailure(problem, false);
}

/** The error for a host that closes connections before the login. A host that boots does so, and a busy sshd. */
export function hangsUp(host: string, endpoint: string): ConnectionError {
    return new ConnectionError(
        "HOST_HANGS_UP",
        `${host} at ${endpoint} closes connections before the login.`,
        "Wait for the end of its boot; if it has booted, look at MaxStartups and PerSourcePenalties in its sshd's settings (sudo sshd -T), then run the same command again.",
    );
}

/** The error for a failed SSH connection, in the words of the person who has to fix it. */
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

/** The error for a host that answers while its engine's socket does not. */
export function noSocket(host: string, error: Error): ConnectionError {
    return new ConnectionError(
        "ENGINE_STOPPED",
        `The engine of ${host} does not take connections: ${oneLine(error.message)}.`,
        "Start it on that host with `systemctl start docker`, then run the same command again.",
    );
}

/** The error for a host whose engine answers on the host, while its sshd does not forward connections to it. */
export function noForwarding(host: string): ConnectionError {
    return new ConnectionError(
        "HOST_FORWARDING",
        `The engine of ${host} answers on that host, and the host's sshd forwards no connection to it.`,
        "Set AllowStreamLocalForwarding yes in that host's sshd_config, without DisableForwarding, then run systemctl reload ssh there.",
    );
}

/** The error for a host whose sshd starts no command, although none is at work on the connection. */
export function noSession(host: string): ConnectionError {
    return new ConnectionError(
        "HOST_SESSIONS",
        `The sshd of ${host} opens no session, so no command can run there.`,
        "Set MaxSessions in that host's sshd_config to 1 or more (the default is 10), then run systemctl reload ssh there.",
    );
}

/** The error for a command whose session sshd closed before the command ended. */
export function cutShort(host: string): ConnectionError {
    return new ConnectionError(
        "HOST_IDLE_TIMEOUT",
        `The sshd of ${host} closed the session of a command before the command ended.`,
        "If the host was not restarted, look at ChannelTimeout and ClientAliveInterval in its sshd's settings (sudo sshd -T), then run the same command again.",
    );
}

/** The error for a port of a host that takes no connection from the host itself. */
export function closedPort(host: string, port: number, error: Error): ConnectionError {
    if (/administratively prohibited/i.test(error.message))
        return new ConnectionError(
            "HOST_FORWARDING",
            `The sshd of ${host} forwards no connection to port ${port}.`,
            "Set AllowTcpForwarding yes in that host's sshd_config, then run systemctl reload ssh there.",
        );
    return new ConnectionError(
        "PORT_CLOSED",
        `Nothing answers at port ${port} of ${host}: ${oneLine(error.message)}.`,
        "See whether the service that publishes it runs there.",
    );
}

/** The error for a command on a host that ended with another code than 0. `said` is the end of its standard error. */
export function failedCommand(host: string, code: number | null, said: string): SkepError {
    return skepError(
        "COMMAND_FAILED",
        `A command ended with ${code ?? "a signal"} on ${host}: ${oneLine(said) || "it said nothing"}.`,
        "Look at the host, then run the same command again.",
    );
}

/** The error for a connection that broke during a request. Returns a SkepError as it is. */
export function brokenRequest(host: string, request: string, error: Error): Error {
    if (error instanceof SkepError) return error;
    return new ConnectionError(
        "ENGINE_CONNECTION",
        `The connection to the engine of ${host} broke during ${request}: ${oneLine(error.message)}.`,
        "Run the same command again: it goes on from what is there; if it breaks again, look at ClientAliveInterval in the settings of that host's sshd (sudo sshd -T).",
    );
}

/** The error for a request that the user interrupted. */
export function cancelledRequest(host: string): SkepError {
    return skepError("CANCELLED", `Interrupted while ${host} was working.`, "Run the same command again.");
}

/** The error for a request without an answer within its time. */
export function noAnswer(host: string, what: string, timeoutMs: number): ConnectionError {
    return new ConnectionError(
        "HOST_TIMEOUT",
        `${host} did not answer ${what} within ${Math.round(timeoutMs / 1000)} s.`,
        "See whether the host and its engine are overloaded or stopped, then run the same command again.",
    );
}
