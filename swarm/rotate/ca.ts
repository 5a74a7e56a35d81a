// Waits until every member has a certificate of the swarm's new certificate authority.
import { skepError } from "../../errors";
import { listed } from "../../planning/sentence";
import { type Trust, trustIn } from "../../planning/trust";
import type { Swarm } from "../swarm";
import { TimedOut, until } from "../wait";

/** Members renew their certificates within seconds, many at once. */
const RENEWAL_MS = 5 * 60_000;
/** How long to wait for members that the swarm does not see, once all others are done. */
const AWAY_MS = 30_000;
const POLL_MS = 1000;

/** Whether the swarm changes its certificate authority now. */
export async function isRotatingCa(swarm: Swarm): Promise<boolean> {
    return (await swarm.inspect()).RootRotationInProgress;
}

/**
 * Waits until the rotation of the swarm's certificate authority has ended; `update` shows how far it is. Throws
 * CA_ROTATION_WAITS, with the members that it waits for, if it does not end in time: the swarm then goes on by itself.
 */
export async function untilTrusted(
    swarm: Swarm,
    update: (text: string) => void,
    times = { renewalMs: RENEWAL_MS, awayMs: AWAY_MS },
): Promise<void> {
    let trust: Trust | undefined;
    let onlyAwaySince: number | undefined;
    const isOver = async () => {
        const [info, members] = await Promise.all([swarm.inspect(), swarm.members()]);
        trust = trustIn(info, members);
        const { isWhole, renewed, members: all, working, away } = trust;
        const missing = away.length > 0 ? `; ${listed(away)} ${away.length === 1 ? "is" : "are"} down` : "";
        update(`${renewed} of ${all} nodes have their new certificate${missing}`);
        onlyAwaySince = working.length === 0 && away.length > 0 ? (onlyAwaySince ?? Date.now()) : undefined;
        return isWhole || (onlyAwaySince !== undefined && Date.now() - onlyAwaySince >= times.awayMs);
    };
    const waits = { signal: swarm.ctx.signal, pollMs: Math.min(POLL_MS, times.awayMs) };
    await until("every node to have its new certificate", isOver, times.renewalMs, waits).catch(
        (error: unknown) => {
            if (!(error instanceof TimedOut) || !trust) throw error;
        },
    );
    if (trust && !trust.isWhole) throw waitsFor(trust);
}

function waitsFor({ away, working }: Trust) {
    const late = [...away, ...working];
    const who = late.length > 0 ? listed(late) : "the managers";
    return skepError(
        "CA_ROTATION_WAITS",
        `The rotation waits for ${who}: until then, the swarm trusts its former certificate authority too.`,
        "It ends by itself once they are back. A node that is removed instead has to join anew: run up.",
    );
}
