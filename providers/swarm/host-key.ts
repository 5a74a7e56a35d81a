// A host's SSH host key for life. It is made on the host at the first contact, for which the key from user data vouches.
import { ConnectionError } from "../../swarm/failures";
import { Host } from "../../swarm/host";
import { pausePoint } from "../../swarm/pause-point";
import { hostScript } from "../../swarm/scripts";
import { until } from "../../swarm/wait";
import type { Resource } from "../runtime/types";
import type { OnHost } from "./inputs";

/** It takes a minute or two until sshd answers on an EC2 instance. */
const BOOT_MS = 5 * 60_000;
const RELOAD_MS = 30_000;

export const hostKey: Resource = {
    required: ["host", "hostId"],
    computed: ["publicKey"],
    replaceOn: ["hostId"],
    ignoreInDiff: ["host"],

    async create({ host, hostId }: OnHost, ctx) {
        await pausePoint(`host:boot:${host.name}`, ctx);
        const first = Host.of(host);
        const answers = async (on: Host) => (await on.exec("true", ctx)).code === 0;
        // sshd may answer before cloud-init has made the user and its key.
        const passes = (error: unknown) => error instanceof ConnectionError && error.id === "HOST_LOGIN";
        const boot = { ...ctx, pollMs: 1000, passes };
        await until(`${host.name} to boot`, () => answers(first), BOOT_MS, boot);
        const script = hostScript("lock", "hostkey");
        const { hostKey: publicKey } = await first.script<{ hostKey: string }>(script, {}, ctx);
        const own = Host.of({ ...host, ssh: { ...host.ssh, hostKey: publicKey } });
        // An sshd that reloads its settings is away for a moment, and shows its former keys until then.
        const shows = (error: unknown) => error instanceof ConnectionError && error.id === "HOST_KEY";
        const reload = { ...ctx, passes: shows };
        await until(`${host.name} to show its own host key`, () => answers(own), RELOAD_MS, reload);
        return { id: hostId, outs: { publicKey } };
    },

    /** Only how the host is reached can have changed. Its key stays. */
    update: (_id, { publicKey }: { publicKey: string }) => Promise.resolve({ publicKey }),
};
