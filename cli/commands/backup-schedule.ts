// `skep backup schedule`: has this machine make a backup every day.

import { homedir } from "node:os";
import { join } from "node:path";
import { PROJECT } from "../../config/folders";
import { cronLine, type Schedule, unitName, units } from "../../planning/recovery/schedule";
import { writeWhole } from "../../scripts/setup/cache";
import { placeOf, type PlaceOptions } from "../backup/find";
import { printJson } from "../print";

export interface ScheduleOptions extends PlaceOptions {
    /** The time of day, `HH:MM`. */
    at: string;
    /** Prints a line for cron, and writes nothing. */
    cron?: boolean;
    /** Prints the units, and writes nothing. */
    print?: boolean;
}

/** Writes the units of systemd for this user, and prints how to begin; or prints them, or a line for cron. */
export async function schedule(options: ScheduleOptions): Promise<void> {
    // A stack whose settings are wrong would fail every night.
    await placeOf(options);
    const { stack, at, to } = options;
    const place = to === undefined ? [] : ["--to", to];
    const script = join(PROJECT, "scripts/skep.mjs");
    const command = [process.execPath, script, "backup", "--stack", stack, "--yes", "--quiet", ...place];
    const wanted: Schedule = { stack, at, folder: PROJECT, command };
    if (options.cron) {
        const line = cronLine(wanted);
        return options.json ? printJson({ cron: line, files: [] }) : console.log(line);
    }
    const folder = join(process.env.XDG_CONFIG_HOME || join(homedir(), ".config"), "systemd/user");
    const files = units(wanted).map(({ name, text }) => ({ path: join(folder, name), text }));
    if (!options.print) for (const { path, text } of files) await writeWhole(path, text);
    if (options.json) return printJson({ cron: null, files });
    if (options.print) return console.log(files.map(({ path, text }) => `# ${path}\n${text}`).join("\n"));
    console.log(files.map(({ path }) => `Wrote ${path}`).join("\n"));
    if (options.quiet) return;
    console.log(
        [
            "\nBegin with:",
            "  systemctl --user daemon-reload",
            `  systemctl --user enable --now ${unitName(stack)}.timer`,
            "  loginctl enable-linger   # or it runs only while you are logged in",
        ].join("\n"),
    );
}
