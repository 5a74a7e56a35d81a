// Whom the swarm's members trust: whether each has a certificate of the swarm's present certificate authority. No I/O.

import type { SwarmInfo, SwarmNode } from "./engine-api";

/** How far the rotation of a swarm's certificate authority has come. */
export interface Trust {
    /** Whether all is done: every member has its new certificate, and the swarm trusts only the new authority. */
    isWhole: boolean;
    /** How many members have a certificate of the new authority, and how many there are. */
    renewed: number;
    members: number;
    /** Names of members that have not, by whether the swarm sees them. */
    working: string[];
    away: string[];
}

/** What the swarm says of itself and its members. */
export function trustIn(
    { TLSInfo, RootRotationInProgress }: Pick<SwarmInfo, "TLSInfo" | "RootRotationInProgress">,
    members: readonly SwarmNode[],
): Trust {
    const isRenewed = ({ Description }: SwarmNode) =>
        Description?.TLSInfo?.CertIssuerPublicKey === TLSInfo.CertIssuerPublicKey &&
        Description?.TLSInfo?.CertIssuerSubject === TLSInfo.CertIssuerSubject;
    const trusts = ({ Description }: SwarmNode) => Description?.TLSInfo?.TrustRoot === TLSInfo.TrustRoot;
    const late = members.filter((member) => !isRenewed(member) || !trusts(member));
    const named = (isSeen: boolean) =>
        late.flatMap(({ ID, Status, Description }) =>
            (Status?.State === "ready") === isSeen ? [Description?.Hostname ?? ID] : [],
        );
    return {
        isWhole: !RootRotationInProgress && late.length === 0,
        renewed: members.filter(isRenewed).length,
        members: members.length,
        working: named(true),
        away: named(false),
    };
}
