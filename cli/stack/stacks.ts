// The user's own swarm stacks: their compose files, and everything that these name, read and checked before anything changes.

import { readFileSync } from "node:fs";
import { dirname, relative, resolve } from "node:path";
import type { ReadySettings } from "../../config/settings";
import { PROJECT } from "../../config/folders";
import type { StackSettings } from "../../config/stacks";
import { formatProblem, type Problem } from "../../errors";
import {
    readEnvFile,
    renderStack,
    type RenderedStack,
    stackFileProblems,
    stackFileWarnings,
} from "../../planning/compose";
import { stackPorts, userPorts } from "../../planning/ports";
import type { BuiltImage, UserStack } from "../../components/user-stacks";
import { imageOf } from "./builds";

/** The stacks, as far as they can be deployed. */
export interface LoadedStacks {
    stacks: UserStack[];
    problems: Problem[];
    /** What a swarm will not do, though a file says it. */
    notes: string[];
}

type Settings = Pick<
    ReadySettings,
    "stacks" | "publish" | "managers" | "workers" | "sample" | "registry" | "hosts"
>;

/** A lab's block has places for so many ports of the user's stacks, beside those of single hosts. */
const MOST_LAB_PORTS = 60;

/** Reads and checks all stacks. Throws nothing: what is wrong is in the result, all of it at once. */
export async function loadStacks(
    settings: Settings,
    environment: Readonly<Record<string, string | undefined>> = process.env,
): Promise<LoadedStacks> {
    const all = await Promise.all(
        Object.entries(settings.stacks).map(([name, given]) => load(name, given, settings, environment)),
    );
    const stacks = all.flatMap(({ stack }) => stack ?? []);
    return {
        stacks,
        problems: [...all.flatMap(({ problems }) => problems), ...portProblems(stacks, settings)],
        notes: all.flatMap(({ notes }) => notes),
    };
}

async function load(
    name: string,
    given: StackSettings,
    settings: Settings,
    environment: Readonly<Record<string, string | undefined>>,
): Promise<{ stack?: UserStack; problems: Problem[]; notes: string[] }> {
    const at = `skep:stacks.${name}`;
    const path = resolve(PROJECT, given.file);
    const text = readText(path);
    const envText = given.envFile === undefined ? "" : readText(resolve(PROJECT, given.envFile));
    const problems = [
        ...(text === undefined ? [missing(`${at}.file`, given.file)] : []),
        ...(envText === undefined ? [missing(`${at}.envFile`, given.envFile ?? "")] : []),
    ];
    if (text === undefined || envText === undefined) return { problems, notes: [] };
    const env = readEnvFile(envText);
    problems.push(
        ...env.faults.map((fault): Problem => ({
            id: "STACK_FILE",
            problem: `${given.envFile}: ${fault}.`,
            advice: "Write NAME=value in each line.",
        })),
    );
    const variables = {
        ...Object.fromEntries(env.entries.map(({ name: key, value = "" }) => [key, value])),
        ...definedIn(environment),
        ...given.variables,
    };
    const base = dirname(path);
    const file = {
        text,
        path: relative(PROJECT, path),
        files: (other: string) => readText(resolve(base, other)),
    };
    const inputs = {
        ...file,
        stack: name,
        variables,
        // Values that only a deployment knows do not matter for what is wrong with a file.
        secrets: Object.fromEntries(Object.keys(given.secrets).map((key) => [key, ""])),
        publish: settings.publish === "host" ? ("host" as const) : ("mesh" as const),
        encrypted: false,
        nodes: settings.managers + settings.workers,
    };
    const first = renderStack(inputs);
    const { images, wrong } = await imagesOf(name, first, base, variables, file.path);
    const isBuilt = Object.keys(images).length > 0;
    const rendered = isBuilt ? renderStack({ ...inputs, images: refsOf(images) }) : first;
    problems.push(...wrong, ...stackFileProblems(rendered));
    const notes = stackFileWarnings(rendered).map(formatProblem);
    if (problems.length > 0) return { problems, notes };
    const { registries, timeout: timeoutSeconds, secrets } = given;
    const ports = rendered.services.flatMap((service) =>
        service.ports.flatMap(({ protocol, published }) =>
            protocol === "tcp" && published !== undefined ? [published] : [],
        ),
    );
    const stack = { name, file, variables, images, secrets, registries, timeoutSeconds, ports };
    return { stack, problems, notes };
}

/** A port on the nodes can be published once. */
function portProblems(stacks: readonly UserStack[], settings: Settings): Problem[] {
    const users = userPorts(stacks);
    const taken = stackPorts(settings);
    const twice = users.flatMap(({ stack, port }): Problem[] => {
        const other = taken.find((one) => one.port === port);
        taken.push({ stack, port });
        if (!other) return [];
        return [
            {
                id: "PORT_TAKEN",
                problem: `The stack ${stack} publishes port ${port}, which the stack ${other.stack} publishes too.`,
                advice: "Publish one of them elsewhere; skep:sample.port and skep:registry.port move Skep's own.",
            },
        ];
    });
    if (settings.hosts !== "lab" || users.length <= MOST_LAB_PORTS) return twice;
    const problem = `skep:stacks publish ${users.length} ports, and a lab has room for ${MOST_LAB_PORTS}.`;
    return [...twice, { id: "LAB_TOO_LARGE", problem, advice: "Publish fewer, behind a proxy of your own." }];
}

/** The images of services with `build:`, and what is wrong with these. */
async function imagesOf(
    stack: string,
    { services }: RenderedStack,
    base: string,
    variables: Readonly<Record<string, string>>,
    path: string,
): Promise<{ images: Record<string, BuiltImage>; wrong: Problem[] }> {
    const images: Record<string, BuiltImage> = {};
    const wrong: Problem[] = [];
    for (const { name, build } of services) {
        if (build === undefined) continue;
        const image = await imageOf(`${stack}-${name}`, build, base, variables);
        if ("wrong" in image)
            wrong.push(
                ...image.wrong.map((fault): Problem => ({
                    id: "STACK_FILE",
                    problem: `${path}: services.${name}: ${fault}.`,
                    advice: "Correct it there.",
                })),
            );
        else images[name] = image;
    }
    return { images, wrong };
}

function refsOf(images: Readonly<Record<string, BuiltImage>>): Record<string, string> {
    return Object.fromEntries(Object.entries(images).map(([name, { ref }]) => [name, ref]));
}

function definedIn(environment: Readonly<Record<string, string | undefined>>): Record<string, string> {
    return Object.fromEntries(
        Object.entries(environment).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
    );
}

function missing(setting: string, path: string): Problem {
    return {
        id: "STACK_FILE",
        problem: `${setting} is ${path}, and there is no such file.`,
        advice: "Paths begin at the project's folder.",
    };
}

/** The text of a file; undefined if there is none. */
function readText(path: string): string | undefined {
    try {
        return readFileSync(path, "utf8");
    } catch (error) {
        const { code = "" } = error as NodeJS.ErrnoException;
        if (["ENOENT", "ENOTDIR", "EISDIR"].includes(code)) return undefined;
        throw error;
    }
}
