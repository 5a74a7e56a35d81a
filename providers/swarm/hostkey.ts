// A host's SSH host key for life: made on the host at the first contact, which the key from user data has vouched for.
import type { Resource } from "../runtime/types";
import { ConnectionError } from "./failures";
import { runScript } from "./host-script";
import { hostScript } from "./scripts";
import { remote } from "./ssh";
import { until } from "./wait";

/** An instance of EC2 takes a minute or two until sshd answers. */
const BOOT_MS = 5 * 60_000;

export const hostKey: Resource = {
    required: ["host", "hostId"],
    computed: ["publicKey"],
    replaceOn: ["hostId"],
    ignoreInDiff: ["host"],

    async create({ host, hostId }, ctx) {
        const to = remote(host);
        const isOther = (error: unknown) =>
            error instanceof ConnectionError && error.problems[0]?.id === "HOST_KEY";
        const boot = { ...ctx, pollMs: 1000, giveUp: isOther };
        await until(`${host.name} to boot`, async () => (await to.exec("true")).code === 0, BOOT_MS, boot);
        const script = `${hostScript("lock")}\n${hostScript("hostkey")}`;
        const { hostKey: publicKey } = await runScript(to, script, [], "");
        return { id: hostId, outs: { publicKey } };
    },

    /** What else changed is how the host is reached, and its key stays. */
    update: (_id, { publicKey }) => Promise.resolve({ publicKey }),
};
