// What makes a backup every day: a service and a timer of systemd, or a line for cron. No I/O.

import { shellQuote } from "../shell";

/** What is run, where, and when. */
export interface Schedule {
    stack: string;
    /** The time of day of this machine, `HH:MM`. */
    at: string;
    /** The folder of the project. */
    folder: string;
    /** The program and its arguments. */
    command: readonly string[];
}

/** A file of systemd's: its name, and what is in it. */
export interface UnitFile {
    name: string;
    text: string;
}

/** The units of systemd, for the user who has the project. A run that was missed is made up for. */
export function units({ stack, at, folder, command }: Schedule): UnitFile[] {
    const service = [
        "[Unit]",
        `Description=Backup of the swarm ${stack}`,
        "Wants=network-online.target",
        "After=network-online.target",
        "",
        "[Service]",
        "Type=oneshot",
        // Not a list of words, so that quotes would be part of it.
        `WorkingDirectory=${folder.replaceAll("%", "%%")}`,
        `ExecStart=${command.map(unitQuote).join(" ")}`,
        "",
    ];
    const timer = [
        "[Unit]",
        `Description=Daily backup of the swarm ${stack}`,
        "",
        "[Timer]",
        `OnCalendar=*-*-* ${at}:00`,
        "RandomizedDelaySec=5min",
        "Persistent=true",
        "",
        "[Install]",
        "WantedBy=timers.target",
        "",
    ];
    const name = unitName(stack);
    return [
        { name: `${name}.service`, text: service.join("\n") },
        { name: `${name}.timer`, text: timer.join("\n") },
    ];
}

/** The name of a stack's units. */
export function unitName(stack: string): string {
    return `skep-backup-${stack}`;
}

/** A line of a crontab. */
export function cronLine({ at, folder, command }: Schedule): string {
    const [hour = 0, minute = 0] = at.split(":").map(Number);
    const line = `cd ${shellQuote(folder)} && ${command.map(shellQuote).join(" ")}`;
    // To cron, a percent sign ends the command.
    return `${minute} ${hour} * * * ${line.replaceAll("%", "\\%")}`;
}

/** A word as systemd reads it: quotes, and what it would replace. */
function unitQuote(word: string): string {
    const plain = word.replaceAll("%", "%%").replaceAll("$", "$$$$");
    return /^[\w@%+=:,./-]+$/.test(plain)
        ? plain
        : `"${plain.replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"`;
}
