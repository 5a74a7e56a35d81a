// A host's SSH host key for life: made on the host at the first contact, which the key from user data has vouched for.
import type { Resource } from "../runtime/types";
import { ConnectionError } from "../../swarm/failures";
import { runScript } from "../../swarm/host-script";
import { pausePoint } from "../../swarm/pause-point";
import { hostScript } from "../../swarm/scripts";
import { remote, type Remote } from "../../swarm/ssh";
import { until } from "../../swarm/wait";

/** An instance of EC2 takes a minute or two until sshd answers. */
const BOOT_MS = 5 * 60_000;
const RELOAD_MS = 30_000;

export const hostKey: Resource = {
    required: ["host", "hostId"],
    computed: ["publicKey"],
    replaceOn: ["hostId"],
    ignoreInDiff: ["host"],

    async create({ host, hostId }, ctx) {
        await pausePoint(`host:boot:${host.name}`, ctx);
        const to = remote(host);
        const isOther = (error: unknown) =>
            error instanceof ConnectionError && error.problems[0]?.id === "HOST_KEY";
        const answers = async (on: Remote) => (await on.exec("true")).code === 0;
        const boot = { ...ctx, pollMs: 1000, giveUp: isOther };
        await until(`${host.name} to boot`, () => answers(to), BOOT_MS, boot);
        const script = `${hostScript("lock")}\n${hostScript("hostkey")}`;
        const { hostKey: publicKey } = await runScript(to, script, {});
        const own = remote({ ...host, ssh: { ...host.ssh, hostKey: publicKey } });
        // A server that takes over its settings is away for a moment.
        await until(`${host.name} to show its own host key`, () => answers(own), RELOAD_MS, ctx);
        return { id: hostId, outs: { publicKey } };
    },

    /** What else changed is how the host is reached, and its key stays. */
    update: (_id, { publicKey }) => Promise.resolve({ publicKey }),
};
