import type { Group } from "../problem-group";

/** What a look at a swarm finds beside what other commands report too. Of class `done` are those that end well. */
export const CARE = {
    title: "What a look at the swarm finds",
    exit: "swarm",
    entries: {
        NODE_DIFFERS: {
            meaning: "A node has another role or availability than the settings say.",
            advice: "Run `up`: it sets both back. Or put into `skep:nodes` what you want.",
        },
        NODE_AWAY: {
            meaning: "A node takes no tasks because it is drained or paused, as the settings say.",
            advice: "Take its availability out of `skep:nodes` when it should take tasks again.",
            exit: "done",
        },
        MEMBER_UNKNOWN: {
            meaning: "The swarm has a member that is no host of this stack.",
            advice: "If it is left over from a host that is gone, remove it: `docker node rm` with its id.",
            exit: "done",
        },
        LOCK_OPEN: {
            meaning: "The unlock key does not seal a manager's key file, though autolock is on.",
            advice: "Run `up`. If it stays, rotate the unlock key: `docker swarm unlock-key --rotate`.",
        },
        ENGINE_END_OF_LIFE: {
            meaning: "An engine or containerd gets no more fixes, not even for security.",
            advice: "Plan the change to a newer version: see `skep:dockerVersion` in the README.",
            exit: "done",
        },
        ENGINES_DIFFER: {
            meaning: "The hosts do not all run the same engine.",
            advice: "Run `up`: it installs the stack's version where another one runs.",
            exit: "done",
        },
        DISK_LOW: {
            meaning: "Little room is left on the disk of an engine's data.",
            advice: "Remove what nobody needs (`docker system df`, `docker image prune`), or give the host a larger disk.",
            exit: "done",
        },
        DISK_FULL: {
            meaning: "The disk of an engine's data is all but full. A manager that cannot write stops.",
            advice: "Remove what nobody needs now: `docker system df` on the host says what takes the room.",
            exit: "host",
        },
        RAFT_LARGE: {
            meaning: "A manager's log is larger than a swarm's should be.",
            advice: "See what is changed so often: `docker events` on a manager.",
            exit: "done",
        },
        CERTIFICATE_ENDS: {
            meaning: "A certificate ends soon.",
            advice: "Run `up`. A node's own certificate is renewed by the swarm: see why that node does not reach a manager.",
            exit: "done",
        },
        CERTIFICATE_OVER: {
            meaning: "A certificate is over, and what it is for no longer works.",
            advice: "Run `up`. A node whose own certificate is over has to join again.",
        },
        CLOCK_SKEW: {
            meaning: "The clocks of two hosts differ.",
            advice: "Let all hosts keep time with the same servers: `timedatectl` on the host.",
            exit: "done",
        },
    },
} as const satisfies Group;
