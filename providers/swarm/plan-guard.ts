// Refuses plans that would end the swarm. A preview asks here, that of `npm run up` and that of plain pulumi alike, before
// anything is touched.
import { skepError } from "../../errors";
import { isGone } from "../../planning/adoption";
import { memberOf, mayMissTogether } from "../../planning/membership";
import { listed } from "../../planning/sentence";
import { atStake, UNSEEN } from "../../swarm/at-stake";
import { ifAnswered } from "../../swarm/failures";
import type { HostInput } from "../../swarm/ssh";
import { Swarm } from "../../swarm/swarm";
import type { Context } from "../runtime/types";
import { LOSE_SWARM } from "./lose-swarm";

/** How long to wait for a manager that answers. Managers that answer at all do so in less. */
const PATIENCE_MS = 5_000;

/** The managers' hosts that a plan or an update makes anew. The id of a host that is yet to be made is unknown. */
export function remade(olds: readonly HostInput[], managers: readonly HostInput[]): HostInput[] {
    return olds.filter((old) =>
        managers.some(({ name, id }) => name === old.name && (id as unknown) !== old.id),
    );
}

/** Whether the user has named this stack with `--lose-swarm`. */
export function mayLose({ urn }: Pick<Context, "urn">): boolean {
    return process.env[LOSE_SWARM] === stackOf(urn);
}

function stackOf(urn: string): string {
    return urn.split("::")[0]?.split(":")[2] ?? "";
}

/** Throws SWARM_WOULD_END if the plan replaces the swarm and any host still has its data. */
export async function refuseReplaced(swarm: Swarm, ctx: Context): Promise<void> {
    if (isGone(await swarm.look())) return;
    const seen = swarm.during({ patienceMs: PATIENCE_MS });
    throw wouldEnd(await atStake(seen), ctx, "another swarm would take its place");
}

/**
 * Throws SWARM_WOULD_END if the swarm cannot do without the managers whose hosts the plan makes anew. Managers that are
 * gone already cost nothing.
 */
export async function refuseRemade(swarm: Swarm, ctx: Context, hosts: readonly HostInput[]): Promise<void> {
    if (hosts.length === 0) return;
    const sightings = await swarm.look();
    const present = sightings.filter(
        ({ host, member }) =>
            hosts.some(({ name }) => name === host.name) &&
            (member?.state === "locked" || (member?.isManager && member.clusterId === swarm.id)),
    );
    if (present.length === 0) return;
    const names = listed(present.map(({ host }) => host.name));
    const seen = swarm.during({ patienceMs: PATIENCE_MS });
    const nodes = await ifAnswered(seen.members());
    if (!nodes) throw wouldEnd(UNSEEN, ctx, `${names} would be made anew while the swarm has no majority`);
    const members = nodes.map(memberOf);
    const ids = present.map(({ host, member }) => memberId(host.name, member?.nodeId, members));
    const refusal = mayMissTogether(members, ids);
    if (!refusal) return;
    throw wouldEnd(await atStake(seen), ctx, `${names} would be made anew: ${refusal.problem.problem}`);
}

/** A locked host does not tell its node id, so its name has to do. */
function memberId(
    host: string,
    nodeId: string | undefined,
    members: readonly { id: string; name: string }[],
) {
    return nodeId || (members.find(({ name }) => name === host)?.id ?? host);
}

function wouldEnd(lost: string, { urn }: Context, why: string): Error {
    const stack = stackOf(urn);
    return skepError(
        "SWARM_WOULD_END",
        `This plan would end the swarm: ${why}.${lost === "" ? " It holds only Skep's own stacks." : ` Lost with it: ${lost}.`}`,
        `Set back what you changed. To lose the swarm on purpose: npm run up -- --stack ${stack} --lose-swarm ${stack}.`,
    );
}
