// The rule that no change may take the swarm's ability to decide. Pure.
import { skepError } from "../../errors";
import type { Props } from "../runtime/types";

/** Refuses to take a voter away from a swarm that could not decide without it. */
export function refuseQuorumLoss(nodes: readonly Props[], leavingId: string): void {
    const voters = nodes.filter(({ ManagerStatus }) => ManagerStatus);
    const others = voters.filter(({ ID }) => ID !== leavingId);
    const reachable = others.filter(({ ManagerStatus }) => ManagerStatus.Reachability === "reachable");
    if (others.length > 0 && reachable.length > others.length / 2) return;
    throw skepError(
        "QUORUM_AT_RISK",
        `Only ${reachable.length} of the ${others.length} other managers are reachable: without this one the swarm could decide nothing.`,
        "Bring the other managers back first.",
    );
}
