// Whether a machine is fit for a lab: what each thing that was seen on it means, and how to mend what is wrong. No I/O:
// lab/doctor.ts looks.

/** What a finding means: `limited` works with less, `unfit` keeps a lab from coming up, `unknown` could not be seen. */
export type Fitness = "fit" | "limited" | "unfit" | "unknown";

export interface Finding {
    fitness: Fitness;
    /** What was seen, and what it means, in a sentence. */
    found: string;
    /** What to do, in a sentence; empty if there is nothing to do. */
    mend: string;
}

const GIB = 1024 ** 3;
/** What README.md asks for. */
const MEMORY_GIB = 4;
const DISK_GIB = 10;
/** An estimate: three hosts of a small lab hold about 1 GiB, and a host that installs docker-ce needs more for a moment. */
const LEAST_MEMORY_GIB = 2;
/** An estimate of the lab's images and of its hosts' packages, without any room to work in. */
const LEAST_DISK_GIB = 4;

/** A finding of something that is as it should be. */
export function fit(found: string): Finding {
    return { fitness: "fit", found, mend: "" };
}

/** What is found where there is nothing to see. */
export function unknown(found: string): Finding {
    return { fitness: "unknown", found, mend: "" };
}

/** What the machine says about a part of its kernel. */
export interface KernelEvidence {
    /** `/proc/modules`; undefined for a kernel without modules. */
    loaded?: string;
    /** The kernel's own configuration. */
    config?: string;
    /** `modules.builtin` and `modules.dep` of this kernel. */
    modules?: string;
}

/**
 * Whether the kernel has a part, by the name of its option (`CONFIG_VXLAN`) and of its module (`vxlan`): it has it now, or
 * loads it when it is needed; undefined if nothing says so.
 */
export function kernelHas(
    { loaded = "", config, modules }: KernelEvidence,
    option: string,
    module: string,
): "now" | "loadable" | "no" | undefined {
    if (new RegExp(`^${module} `, "m").test(loaded)) return "now";
    const [, set] = new RegExp(`^${option}=([ym])$`, "m").exec(config ?? "") ?? [];
    if (set === "y") return "now";
    if (config !== undefined && set === undefined) return "no";
    if (modules === undefined) return set === "m" ? "no" : undefined;
    return new RegExp(`/${module}\\.ko(\\.\\w+)?(:|$)`, "m").test(modules) ? "loadable" : "no";
}

/** The kernel's parts that a lab uses, with what is missing without them. */
export const KERNEL_PARTS = [
    {
        name: "VXLAN",
        option: "CONFIG_VXLAN",
        module: "vxlan",
        fitness: "unfit",
        without: "overlay networks between hosts cannot be made",
    },
    {
        name: "overlay",
        option: "CONFIG_OVERLAY_FS",
        module: "overlay",
        fitness: "limited",
        without: "engines store images slowly and in much space",
    },
    {
        name: "ESP",
        option: "CONFIG_INET_ESP",
        module: "esp4",
        fitness: "limited",
        without: "nothing passes on encrypted overlay networks",
    },
    {
        name: "IPVS",
        option: "CONFIG_IP_VS",
        module: "ip_vs",
        fitness: "limited",
        without: "there is no routing mesh, so ports are published by the nodes that run a task",
    },
] as const satisfies readonly {
    name: string;
    option: string;
    module: string;
    fitness: Fitness;
    without: string;
}[];
type KernelPart = (typeof KERNEL_PARTS)[number];

/** What the kernel's answer about a part means. */
export function kernelFinding(part: KernelPart, has: ReturnType<typeof kernelHas>): Finding {
    const { name, module, fitness, without } = part;
    if (has === undefined) return unknown("Nothing on this machine says whether its kernel has it.");
    if (has === "no")
        return {
            fitness,
            found: `The kernel has none: ${without}.`,
            mend: `Boot a kernel with ${part.option}.`,
        };
    // A lab host may not load modules, and looks for IPVS before its engine asks for it.
    if (has === "loadable" && name === "IPVS")
        return {
            fitness,
            found: `The kernel's module ${module} is not loaded, and lab hosts may not load it: ${without}.`,
            mend: `Load it with: sudo modprobe ${module}`,
        };
    return fit(
        has === "now" ? "The kernel has it." : `The kernel loads its module ${module} when it is needed.`,
    );
}

/** Memory that a lab may have, in bytes: all of it, and what is available now. */
export function memoryFinding(total: number, available: number): Finding {
    const found = `${gib(available)} of ${gib(total)} are available`;
    if (available >= MEMORY_GIB * GIB) return fit(`${found}.`);
    const few = total < MEMORY_GIB * GIB;
    return {
        fitness: available < LEAST_MEMORY_GIB * GIB ? "unfit" : "limited",
        found: `${found}, and a lab of six hosts wants ${MEMORY_GIB} GiB.`,
        mend: few
            ? "Give the machine more memory, or take fewer hosts."
            : "End other programs, or take fewer hosts.",
    };
}

/** The free space of one place, in bytes. */
export function diskFinding(place: string, free: number): Finding {
    const found = `${gib(free)} are free at ${place}`;
    if (free >= DISK_GIB * GIB) return fit(`${found}.`);
    return {
        fitness: free < LEAST_DISK_GIB * GIB ? "unfit" : "limited",
        found: `${found}, and a first lab wants ${DISK_GIB} GiB.`,
        mend: "Free some space there.",
    };
}

/** Sizes as people say them. */
function gib(bytes: number): string {
    return `${(bytes / GIB).toFixed(1)} GiB`;
}

/** How many lab hosts the limit of inotify instances allows, beside those that are running. */
export function watchesFinding(limit: number, possible: number, running: number, wanted: number): Finding {
    const found = `fs.inotify.max_user_instances is ${limit}, which lets ${possible} lab hosts run`;
    if (possible >= running + wanted) return fit(`${found}; other stacks run ${running}.`);
    return {
        fitness: "unfit",
        found: `${found}, and there would be ${running + wanted}.`,
        mend: "Raise it with: sudo sysctl fs.inotify.max_user_instances=1024",
    };
}

/** The capabilities that this machine cannot give a lab host: those that every host needs, and those that it may lack. */
export function capabilityFinding(needed: readonly string[], wished: readonly string[]): Finding {
    if (needed.length > 0)
        return {
            fitness: "unfit",
            found: `This machine withholds capabilities that every lab host needs: ${needed.join(", ")}.`,
            mend: "Run Skep outside of the container or sandbox that withholds them.",
        };
    if (wished.length > 0)
        return {
            fitness: "limited",
            found: `This machine withholds ${wished.join(", ")}: services that ask for them do not start in a lab.`,
            mend: "Run Skep outside of the container or sandbox that withholds them, or go without.",
        };
    return fit("This machine has all that lab hosts need.");
}

/** Which sites answer, by their names. */
export function sitesFinding(sites: Readonly<Record<string, boolean>>): Finding {
    const silent = Object.keys(sites).filter((site) => !sites[site]);
    if (silent.length === 0) return fit("All download sites answer.");
    const isAlone = silent.length === Object.keys(sites).length;
    return {
        fitness: isAlone && sites["the npm registry"] === false ? "unfit" : "limited",
        found: isAlone
            ? "No site answers: a first up can install nothing."
            : `No answer from ${silent.join(", ")}: set-up builds from packages what it would download there.`,
        mend: "Name a proxy with HTTPS_PROXY or a mirror, or let set-up build (README, Restricted networks).",
    };
}

/** How a machine is as a whole: as its worst finding, and what could not be seen does not count. */
export function isFit(findings: readonly Pick<Finding, "fitness">[]): boolean {
    return findings.every(({ fitness }) => fitness !== "unfit");
}
