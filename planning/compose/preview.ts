// What a preview says of a service, without the values of its environment.
import { createHash } from "node:crypto";
import { type Node } from "yaml";
import { at, numberAt, pairs, textAt, toPlain, undollar } from "./nodes";
import type { PlannedService, Port } from "./types";

/** Describes a service as it will be deployed. Its `build:` is the one of the file, before an image took its place. */
export function planService(
    name: string,
    service: Node,
    ports: readonly Port[],
    build: Node | undefined,
): PlannedService {
    const mode = textAt(service, "deploy", "mode") ?? "replicated";
    const image = textAt(service, "image");
    const replicated = !mode.startsWith("global");
    return {
        name,
        ...(image !== undefined && { image: undollar(image) }),
        mode,
        ...(replicated && { replicas: numberAt(service, "deploy", "replicas") ?? 1 }),
        environment: Object.fromEntries(
            pairs(at(service, "environment")).map(({ name: key, value }) => [
                undollar(key),
                value === null ? "" : digest(undollar(value)),
            ]),
        ),
        ports: [...ports],
        ...(build && { build: toPlain(build) }),
    };
}

function digest(value: string): string {
    return createHash("sha256").update(value).digest("hex").slice(0, 12);
}
