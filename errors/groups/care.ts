import type { Group } from "../problem-group";

/** What `status` and `check` find beside what other commands report too. Of class `done` are those that end well. */
export const CARE = {
    title: "What status and check find",
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
        VOTES_EVEN: {
            meaning: "An even number of managers votes: one fewer could lose as many.",
            advice: "Set `skep:managers` to an odd number, and run `up`.",
            exit: "done",
        },
        LOCK_OPEN: {
            meaning: "The unlock key does not seal a manager's key file, though autolock is on.",
            advice: "Run `up`. If it stays, rotate the unlock key: `skep rotate unlock-key`.",
        },
        LOCK_KEY: {
            meaning: "The unlock key in the state does not open a manager after its next restart.",
            advice: "Run `up`: it takes the swarm's present key into the state.",
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
        RESERVE_GONE: {
            meaning:
                "A manager's disk has no reserve, because somebody removed it or the disk has no room for it.",
            advice: "Run `up`: it makes the reserve where four times as much is free.",
            exit: "done",
        },
        REBOOT_NEEDED: {
            meaning: "A host runs a kernel or libraries that an upgrade has replaced.",
            advice: "Run `skep reboot --needed`: it reboots such hosts one after another.",
            exit: "done",
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
        CERTIFICATE_UNSEEN: {
            meaning: "A certificate could not be read.",
            advice: "Look at the host that the line names.",
            exit: "left",
        },
        CLOCK_SKEW: {
            meaning: "The clocks of two hosts differ.",
            advice: "Let all hosts keep time with the same servers: `timedatectl` on the host.",
            exit: "done",
        },
        LOGS_UNBOUNDED: {
            meaning: "Containers log without a limit, and can fill their host's disk.",
            advice: "Set `max-size` in the service's logging options, or in `daemon.json` for all that set none.",
            exit: "done",
        },
        SERVICE_DRIFTED: {
            meaning: "A service is not what the stack that stands says.",
            advice: "Run `up`: it deploys the stack again.",
        },
        CHECK_TIMED_OUT: {
            meaning: "A check did not end within its time.",
            advice: "Look at the hosts that other checks name, then run it again.",
            exit: "left",
        },
        CHECK_UNSEEN: {
            meaning: "A check could not look at everything.",
            advice: "Bring back what does not answer, then run it again.",
            exit: "left",
        },
        CHECK_UNKNOWN: {
            meaning: "There is no check of that name.",
            advice: "`skep check --list` names them.",
            exit: "usage",
        },
    },
} as const satisfies Group;
