// The Docker engine that containers, networks and volumes are made on: this machine's, as all of Skep takes it.
import type Docker from "dockerode";
import { dockerClient } from "../../../providers/runtime/docker";

/** A new client each time: a provider's configuration may have named another engine since. */
export function engine(): Docker {
    return dockerClient();
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
