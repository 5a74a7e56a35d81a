// What a registry answers to this machine.

import { spawnSync } from "node:child_process";
import { join } from "node:path";
import type { Lab } from "../lab/lab";

/** The status that a registry at this address answers with, to nobody or to `user:password`. */
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
