// The parts of a deployed compose file, so that a plan can say which of them change when their values must not be shown.
import { parse } from "yaml";
import { canonical } from "../canonical";
import type { PlannedService } from "./types";

type Map = Record<string, unknown>;

/**
 * The file's parts by name: `web.environment.TAG`, `web.ports`, `networks.front`. A service's image and its number of
 * replicas are left out: `summaryOf` has them.
 */
export function composeEntries(text: string): Map {
    const { services, ...rest } = map(parse(text, { logLevel: "silent" }));
    const found: [string, unknown][] = [];
    for (const [name, service] of Object.entries(map(services)))
        for (const [key, value] of Object.entries(map(service))) {
            if (key === "environment")
                for (const [variable, content] of Object.entries(variables(value)))
                    found.push([`${name}.environment.${variable}`, content]);
            else if (key === "deploy")
                for (const [part, content] of Object.entries(map(value)))
                    found.push([`${name}.deploy.${part}`, part === "replicas" ? "" : content]);
            else if (key !== "image") found.push([`${name}.${key}`, value]);
        }
    for (const [section, values] of Object.entries(rest)) {
        // Their names change with their content, which the plan says elsewhere.
        if (section === "secrets" || section === "configs" || section.startsWith("x-")) continue;
        for (const [name, value] of Object.entries(map(values))) found.push([`${section}.${name}`, value]);
    }
    return Object.fromEntries(found.map(([name, value]) => [name, canonical(value)]));
}

/** What a plan shows of each service, by its name: image and number of tasks. */
export function summaryOf(services: readonly PlannedService[]): Record<string, string> {
    return Object.fromEntries(
        services.map(({ name, image = "", mode, replicas }) => [
            name,
            replicas === undefined
                ? `${image}, ${mode}`
                : `${image}, ${replicas} task${replicas === 1 ? "" : "s"}`,
        ]),
    );
}

function variables(given: unknown): Map {
    if (!Array.isArray(given)) return map(given);
    return Object.fromEntries(
        given.map((pair) => {
            const [name = "", ...value] = String(pair).split("=");
            return [name, value.join("=")];
        }),
    );
}

function map(value: unknown): Map {
    return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Map) : {};
}
