// What it means for the swarm when packets between two nodes do not arrive. No I/O.
import type { Problem } from "../errors";

/** A node at one end of a data path. */
export interface End {
    name: string;
    zone: string;
}

/** What one node found when it tried to reach a container on another node over an overlay network. */
export interface Attempt {
    from: End;
    to: End;
    /** Whether the container's name was found. */
    named: boolean;
    /** Whether a datagram of 1,400 bytes arrived, or one of a single byte where the large one did not. */
    large: boolean;
    small: boolean;
}

/**
 * One problem for each pair of nodes and kind of failure. It names the direction if the other one works. `encrypted`: they
 * were tried on an encrypted network, after a plain one.
 */
export function pathProblems(attempts: readonly Attempt[], { encrypted = false } = {}): Problem[] {
    const kinds = encrypted ? [sealed] : [dead, tooLarge, nameless];
    return kinds.flatMap(({ id, fails, says, advice }) => {
        const failed = attempts.filter(fails);
        const isBack = (attempt: Attempt) => failed.some((other) => isReverse(attempt, other));
        // Of a pair that fails both ways, the first attempt speaks for both.
        const shown = failed.filter(
            (attempt, i) => !failed.slice(0, i).some((one) => isReverse(one, attempt)),
        );
        return shown.map((attempt): Problem => {
            const { from, to } = attempt;
            const ways = isBack(attempt) ? "either way between" : "on the way from";
            const joint = isBack(attempt) ? "and" : "to";
            const pair = `${from.name} in zone ${from.zone} ${joint} ${to.name} in zone ${to.zone}`;
            return { id, problem: `${says} ${ways} ${pair}.`, advice };
        });
    });
}

function isReverse(one: Attempt, other: Attempt): boolean {
    return one.from.name === other.to.name && one.to.name === other.from.name;
}

/** A way in which a data path fails. */
interface Kind {
    id: Problem["id"];
    fails(attempt: Attempt): boolean;
    says: string;
    advice: string;
}

const dead: Kind = {
    id: "DATA_PATH_DEAD",
    fails: ({ large, small }) => !large && !small,
    says: "Nothing arrives on overlay networks",
    advice: "Let UDP port 4789 pass between these hosts; if it does, see whether one of them has several addresses and sends from another than its node's (docker info shows that one).",
};
const tooLarge: Kind = {
    id: "DATA_PATH_MTU",
    fails: ({ large, small }) => !large && small,
    says: "Small packets arrive on overlay networks, and those of 1,400 bytes are lost",
    advice: "Let packets of 1,500 bytes pass between these hosts: compare the MTU of their network devices, and of tunnels between them.",
};
const nameless: Kind = {
    id: "DATA_PATH_NAMES",
    fails: ({ named, large }) => large && !named,
    says: "Packets arrive on overlay networks, and names are not found",
    advice: "Let TCP and UDP port 7946 pass between these hosts.",
};
/** A large packet grows by its encryption, so one that is lost on the encrypted network alone counts, too. */
const sealed: Kind = {
    id: "DATA_PATH_ENCRYPTED",
    fails: ({ large }) => !large,
    says: "Packets of 1,400 bytes are lost on encrypted overlay networks",
    advice: "Let IP protocol 50 (ESP) and UDP port 4789 pass between these hosts, and see that the kernels of both have ESP (modprobe esp4). Engines 29.0.0 to 29.2.0 and older ones do not understand each other there.",
};
