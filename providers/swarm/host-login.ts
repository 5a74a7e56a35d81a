// The SSH key with which Skep logs in at a host, once it is not the one that the host was made with any more.
import { utils } from "ssh2";
import { formatProblem, SkepError } from "../../errors";
import { reasonOf } from "../../planning/sentence";
import type { Context } from "../../swarm/context";
import { Host } from "../../swarm/host";
import { loginAnew } from "../../swarm/login";
import { hostScript } from "../../swarm/scripts";
import type { HostInput } from "../../swarm/ssh";
import type { Resource } from "../runtime/types";
import { inputsOf, type OnHost } from "./inputs";

const LOGIN_MS = 10_000;
const COMPUTED = ["privateKey", "pending"] as const;

/** The host has the key that it should take. */
type Inputs = OnHost & {
    /** The key before, which stays valid. Without it, the key before ends. */
    formerKey?: string;
};
type Outs = {
    /** The key that the host takes. */
    privateKey: string;
    /** Whether that is still an earlier one, since the host did not answer. */
    pending: boolean;
};
type State = Inputs & Outs;

export const hostLogin: Resource = {
    required: ["host", "hostId"],
    computed: COMPUTED,
    secretOutputs: ["privateKey"],
    replaceOn: ["hostId"],

    /** A host that did not answer gets its key with the next up. */
    drift: ({ pending }: Partial<State>) => (pending ? ["pending"] : []),

    create: async (inputs: Inputs, ctx) => ({
        id: inputs.hostId,
        outs: await changeKey(inputs, [inputs.formerKey ?? ""], ctx),
    }),

    update: (_id, olds: State, inputs: Inputs, ctx) =>
        changeKey(inputs, [olds.privateKey, olds.formerKey ?? ""], ctx),

    read: (id, state: State) => Promise.resolve({ id, outs: state, inputs: inputsOf(state, COMPUTED) }),
};

/** Makes the host take its key, proves that by a login, and ends those of the known keys that are no longer asked for. */
async function changeKey({ host, formerKey }: Inputs, known: readonly string[], ctx: Context): Promise<Outs> {
    const key = host.ssh.privateKey;
    const others = [...new Set(known)].filter((each) => each !== "" && each !== key);
    let opens: string | undefined;
    try {
        opens = await firstThatOpens(host, [key, ...others], ctx);
        if (opens !== key) await writeKeys(withKey(host, opens), { add: key }, ctx);
        await login(host, ctx);
    } catch (error) {
        if (!(error instanceof SkepError) || ctx.signal.aborted) throw error;
        const kept = opens ?? others[0] ?? key;
        ctx.log(formatProblem(keeps(host.name, reasonOf(error))), "warning");
        return { privateKey: kept, pending: true };
    }
    for (const ended of others.filter((each) => each !== formerKey))
        await writeKeys(host, { add: key, drop: ended }, ctx);
    return { privateKey: key, pending: false };
}

/** The first key with which the host lets Skep in. Throws what the last one met. */
async function firstThatOpens(host: HostInput, keys: readonly string[], ctx: Context): Promise<string> {
    let last: unknown;
    for (const key of keys)
        try {
            await login(withKey(host, key), ctx);
            return key;
        } catch (error) {
            if (!(error instanceof SkepError)) throw error;
            last = error;
        }
    throw last;
}

function login(host: HostInput, { signal }: Context): Promise<void> {
    return loginAnew(host, { signal, timeoutMs: LOGIN_MS });
}

async function writeKeys(host: HostInput, keys: { add: string; drop?: string }, ctx: Context): Promise<void> {
    const variables = {
        LOGIN: host.ssh.user,
        ADD: publicKeyOf(keys.add),
        DROP: keys.drop === undefined ? "" : publicKeyOf(keys.drop),
    };
    await Host.of(host).script(hostScript("lock", "login"), variables, ctx);
}

/** The type and body of the public key, as authorized_keys has them. */
function publicKeyOf(privateKey: string): string {
    const parsed = utils.parseKey(privateKey);
    if (parsed instanceof Error) throw parsed;
    return `${parsed.type} ${parsed.getPublicSSH().toString("base64")}`;
}

function withKey(host: HostInput, privateKey: string): HostInput {
    return { ...host, ssh: { ...host.ssh, privateKey } };
}

function keeps(name: string, reason: string) {
    return {
        id: "HOST_LOGIN_KEPT" as const,
        problem: `${name} still takes the login key before, which the stack keeps: ${reason}.`,
        advice: "Run up when the host is back.",
    };
}
