// Stand-in for the official command plugin: scripts on this machine or on a host.
import { version } from "@pulumi/command/package.json";
import { standIn } from "../stand-in";
import { commandResource } from "./resource";
import { runLocal } from "./local";
import { runRemote } from "./remote";

const COMMON_INPUTS = [
    "addPreviousOutputInEnv",
    "create",
    "delete",
    "environment",
    "logging",
    "stdin",
    "triggers",
    "update",
];

export const command = standIn({
    name: "command",
    version,
    resources: {
        "command:local:Command": commandResource({
            inputs: [...COMMON_INPUTS, "dir", "interpreter"],
            run: runLocal,
        }),
        "command:remote:Command": commandResource({
            inputs: [...COMMON_INPUTS, "connection"],
            required: ["connection"],
            // The official plugin, too, keeps the whole connection secret, not only its keys.
            secretOutputs: ["connection"],
            run: runRemote,
            check: ({ connection }) =>
                typeof connection === "object" && connection.host === undefined
                    ? [{ property: "connection.host", reason: "Missing required property 'host'" }]
                    : [],
        }),
    },
});
