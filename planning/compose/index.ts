// Turns a compose file into the one for `docker stack deploy`. The file is changed only where the swarm needs it: how ports
// are published, names of secrets and configs, images that were built, variables and environment files, encryption.
import type { Problem } from "../../errors";
import { isMap, type Node, type Scalar, type YAMLMap } from "yaml";
import { readDocument, writeDocument } from "./document";
import { completeEnvironment } from "./environment";
import { warnOfIgnored } from "./ignored";
import { interpolate } from "./interpolate";
import { encryptNetworks } from "./networks";
import { at, entries, isNothing, type Notes, remove, set, textAt, undollar } from "./nodes";
import { nameObjects } from "./objects";
import { portsOf, publishByNodes } from "./ports";
import { planService } from "./preview";
import { checkNames, checkReferences, checkVolumes } from "./references";
import { quoted } from "./scalars";
import { FILE, NEWEST_MINOR, REASONS } from "./schema";
import { ShapeCheck } from "./shapes";
import type { ComposeInputs, Note, PlannedService, RenderedStack } from "./types";
import { checkDeployment, checkMeshPorts, type Deployed } from "./updates";

export { composeEntries, summaryOf } from "./entries";
export { readEnvFile } from "./environment";
export type {
    ComposeInputs,
    Named,
    Note,
    Plain,
    PlannedService,
    Port,
    PublishMode,
    RenderedStack,
} from "./types";

/** A registry, a path in lower case, a tag and a digest (distribution/reference). */
const IMAGE =
    /^(([\w.-]+|\[[0-9a-fA-F:]+\])(:\d+)?\/)?[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*(\/[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*)*(:\w[\w.-]{0,127})?(@[\w+.-]+:[0-9a-fA-F]{32,})?$/;

/** Renders the compose file. Never throws for what is wrong in the file: all of that is in `problems`. */
export function renderStack(inputs: ComposeInputs): RenderedStack {
    const { notes, document, root } = readDocument(inputs.text, inputs.path ?? "compose.yaml");
    if (!document || !root) return { compose: "", secrets: {}, configs: {}, services: [], ...notes.sorted() };
    interpolate(root, inputs.variables, notes);
    new ShapeCheck(notes, minorVersion(root, notes), REASONS).check(root, FILE, []);
    const services = renderServices(root, inputs, notes);
    const around = {
        variables: inputs.variables,
        files: inputs.files ?? (() => undefined),
        stack: inputs.stack,
    };
    const secrets = nameObjects(root, "secrets", { ...around, given: inputs.secrets ?? {} }, notes);
    const configs = nameObjects(root, "configs", { ...around, given: inputs.configs ?? {} }, notes);
    checkNames(inputs.stack, root, notes);
    checkVolumes(root, notes);
    if (inputs.encrypted) encryptNetworks(root);
    return { compose: writeDocument(document), secrets, configs, services, ...notes.sorted() };
}

/** The problems of a compose file, as a command shows them. */
export function stackFileProblems({ problems }: Pick<RenderedStack, "problems">): Problem[] {
    return problems.map((note) => ({ id: "STACK_FILE", problem: `${noteLine(note)}.`, advice: "" }));
}

/** The warnings of a compose file, as a command shows them. */
export function stackFileWarnings({ warnings }: Pick<RenderedStack, "warnings">): Problem[] {
    return warnings.map((note) => ({ id: "STACK_FILE_IGNORED", problem: `${noteLine(note)}.`, advice: "" }));
}

/** A note as one line, such as `shop.yaml:12: services.web.devices is ignored: ...`. */
export function noteLine({ path, line, text }: Note): string {
    return `${path}:${line}: ${text}`;
}

/** The version decides which keys Docker takes. It is never changed: without one, Docker takes all that it knows. */
function minorVersion(root: YAMLMap, notes: Notes): number {
    const version = textAt(root, "version");
    if (version === undefined || version === "" || version === "3") return NEWEST_MINOR;
    const minor = Number(/^3\.(\d{1,2})$/.exec(version)?.[1] ?? NaN);
    if (minor <= NEWEST_MINOR) return minor;
    notes.problem(
        at(root, "version"),
        `Docker has no version ${version} for a swarm's compose files: take 3.0 to 3.${NEWEST_MINOR}, or none`,
    );
    return NEWEST_MINOR;
}

function renderServices(root: YAMLMap, inputs: ComposeInputs, notes: Notes): PlannedService[] {
    const all = entries(at(root, "services"));
    if (isNothing(at(root, "services")) || (isMap(at(root, "services")) && all.length === 0))
        notes.problem(at(root, "services"), "the file has no services");
    const sound = all.flatMap(({ name, key, value }) =>
        isMap(value) ? [{ name, key, service: value }] : [],
    );
    const deployed = sound.map(({ name, key, service }): Deployed & { service: YAMLMap } => {
        const ports = portsOf(name, service, notes);
        return { name, key, service, ports };
    });
    checkMeshPorts(deployed, inputs, notes);
    return deployed.map((one) => renderService(one, root, inputs, notes));
}

function renderService(
    deployed: Deployed & { service: YAMLMap },
    root: YAMLMap,
    inputs: ComposeInputs,
    notes: Notes,
): PlannedService {
    const { name, key, service, ports } = deployed;
    warnOfIgnored(name, service, notes);
    checkReferences(name, service, root, notes);
    checkDeployment(deployed, inputs, notes);
    completeEnvironment(
        name,
        service,
        { variables: inputs.variables, files: inputs.files ?? (() => undefined) },
        notes,
    );
    const build = at(service, "build");
    useImage(name, key, service, build, inputs.images ?? {}, notes);
    const byNodes = inputs.publish === "host";
    if (byNodes) publishByNodes(service);
    const planned = ports.map(({ port }) => (byNodes ? { ...port, mode: "host" } : port));
    return planService(name, service, planned, build);
}

function useImage(
    name: string,
    key: Scalar,
    service: YAMLMap,
    build: Node | undefined,
    images: Readonly<Record<string, string>>,
    notes: Notes,
): void {
    const built = Object.hasOwn(images, name) ? images[name] : undefined;
    const image = textAt(service, "image");
    if (build && built !== undefined) {
        remove(service, "build");
        set(service, "image", quoted(built));
    } else if (!build && (image === undefined || image === ""))
        notes.problem(at(service, "image") ?? key, `services.${name} has neither image nor build`);
    else if (image && !IMAGE.test(undollar(image)))
        notes.problem(
            at(service, "image"),
            `services.${name}.image: ${undollar(image)} is no name of an image`,
        );
}
