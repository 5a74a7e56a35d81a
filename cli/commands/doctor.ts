// `skep doctor`: whether this machine is fit for a lab, and how to mend what is not. It changes nothing.

import { stackFile } from "../../config/folders";
import { skepError } from "../../errors";
import { examine, type Machine, type NamedFinding, thisMachine, type WantedLab } from "../../lab/doctor";
import { type Fitness, isFit } from "../../planning/fitness";
import { type Options, progressFor } from "../options";
import { printJson, suffix } from "../print";
import { readFiles, refuseWrongFiles, settingsWith } from "../stack/settings";
import { wrapped } from "../text";

/** What doctor found, as `--json` prints it. */
export interface Diagnosis {
    stack: string;
    /** How many hosts the lab has. */
    hosts: number;
    fit: boolean;
    findings: NamedFinding[];
}

const MARKS: Record<Fitness, string> = { fit: "✓", limited: "!", unfit: "✗", unknown: "?" };
/** Where the sentences begin. */
const TEXT_COLUMN = 18;

/** Looks at this machine, prints what it found, and throws MACHINE_UNFIT if a lab could not come up. */
export async function doctor(options: Options): Promise<void> {
    const progress = progressFor(options);
    const machine = thisMachine((text) => progress.note(text));
    const wanted = await wantedLab(options.stack);
    const diagnosis = await progress.step("Looking at this machine", () => diagnose(machine, wanted));
    if (options.json) printJson(diagnosis);
    else for (const line of report(diagnosis, options)) console.log(line);
    refuseUnfit(diagnosis);
}

/** The lab that the stack's settings ask for. Throws what is wrong with them. */
async function wantedLab(stack: string): Promise<WantedLab> {
    const files = await readFiles(stack);
    refuseWrongFiles(stack, files, []);
    const { settings } = settingsWith(stack, files, files.kept.facts);
    return { stack, settings, file: stackFile(stack) };
}

/** Looks at the machine for this lab. */
export async function diagnose(machine: Machine, wanted: WantedLab): Promise<Diagnosis> {
    const findings = await examine(machine, wanted);
    const { managers, workers } = wanted.settings;
    return { stack: wanted.stack, hosts: managers + workers, fit: isFit(findings), findings };
}

/** The lines that a person reads. */
export function report(
    { stack, hosts, fit, findings }: Diagnosis,
    { quiet }: Pick<Options, "quiet">,
): string[] {
    return [
        `This machine, for the lab ${stack} of ${hosts} hosts:`,
        "",
        ...findings.flatMap(({ name, fitness, found, mend }) => {
            const head = `  ${MARKS[fitness]} ${name}`;
            return [
                ...wrapped(found, TEXT_COLUMN, head),
                ...(mend ? wrapped(mend, TEXT_COLUMN + 2, `${" ".repeat(TEXT_COLUMN)}→ `) : []),
            ];
        }),
        ...(fit && !quiet ? ["", `Fit for a lab. Next: npm run up${suffix({ stack })}`] : []),
    ];
}

/** Throws MACHINE_UNFIT if something keeps a lab from coming up. */
export function refuseUnfit({ findings }: Diagnosis): void {
    const wrong = findings.filter(({ fitness }) => fitness === "unfit").map(({ name }) => name);
    if (wrong.length === 0) return;
    throw skepError(
        "MACHINE_UNFIT",
        `A lab would not come up on this machine: see ${wrong.join(", ")}.`,
        "Do what stands beside each of them, and look again.",
    );
}
