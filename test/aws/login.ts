// Asks a registry from this machine.

import { spawnSync } from "node:child_process";
import { join } from "node:path";
import type { Lab } from "../lab/lab";

/** The status of a registry's answer at this URL, without a login or with `user:password`. */
export function status(lab: Lab, url: string, auth?: string): number {
    const { stdout, stderr } = spawnSync(
        "curl",
        [
            "-sS",
            "--max-time",
            "10",
            "--cacert",
            join(lab.clients, "ca.pem"),
            "-o",
            "/dev/null",
            "-w",
            "%{http_code}",
            "--config",
            "-",
            `${url}/v2/`,
        ],
        { encoding: "utf8", input: auth === undefined ? "" : `user = "${auth}"\n` },
    );
    if (stderr !== "") throw new Error(stderr);
    return Number(stdout);
}
