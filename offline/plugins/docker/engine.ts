// The Docker engine that holds containers, networks and volumes, and its forms of errors and labels.
import type Docker from "dockerode";
import { dockerClient } from "../../../providers/runtime/docker";
import { unless } from "../shared";

const NOT_FOUND = 404;

/** A client of the engine that the environment names now: the provider's configuration may have changed it. */
export function engine(): Docker {
    return dockerClient();
}

/** The answer, or undefined when the engine says that there is no such thing. */
export function unlessGone<T>(answer: Promise<T>): Promise<T | undefined> {
    return unlessStatus(answer, NOT_FOUND);
}

/** The answer, or undefined when the engine answers with one of these HTTP statuses. */
export function unlessStatus<T>(answer: Promise<T>, ...statuses: number[]): Promise<T | undefined> {
    return unless((error) => statuses.includes((error as { statusCode?: number }).statusCode ?? 0), answer);
}

/** Labels as the engine's API takes them. */
export function labelMap(labels: { label: string; value: string }[] = []): Record<string, string> {
    return Object.fromEntries(labels.map(({ label, value }) => [label, value]));
}
