// The Docker engine that containers, networks and volumes are made on: DOCKER_HOST, else the local socket.
import Docker from "dockerode";

/** A new client each time: dockerode reads DOCKER_HOST and its certificates from the environment. */
export function engine(): Docker {
    return new Docker();
}

/** The answer, or undefined where the engine says that there is no such thing. */
export async function unlessGone<T>(answer: Promise<T>): Promise<T | undefined> {
    return unlessStatus(answer, 404);
}

/** The answer, or undefined for the given HTTP status. */
export async function unlessStatus<T>(answer: Promise<T>, ...statuses: number[]): Promise<T | undefined> {
    try {
        return await answer;
    } catch (error) {
        if (statuses.includes((error as { statusCode?: number }).statusCode ?? 0)) return undefined;
        throw error;
    }
}
