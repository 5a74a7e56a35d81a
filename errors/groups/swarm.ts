import type { Group } from "../problem-group";

/** One host: the connection to it, and its Docker engine. */
export const HOSTS = {
    title: "Hosts and their engines",
    exit: "host",
    entries: {
        HOST_UNREACHABLE: {
            meaning: "A host cannot be reached by SSH.",
            advice: "Start the host, or wait for its boot to end.",
        },
        HOST_LOGIN: {
            meaning: "A host refuses the stack's SSH key.",
            advice: "See on the host whether its first boot ended (`cloud-init status`).",
        },
        HOST_KEY: {
            meaning: "Another machine answers in the host's place.",
            advice: "Find out why before anything else.",
        },
        HOST_HANGS_UP: {
            meaning: "A host closes connections before the login: it boots, or its sshd limits logins.",
            advice: "Wait for its boot to end, or raise `MaxStartups` in its sshd_config.",
        },
        HOST_FORWARDING: {
            meaning: "A host's sshd forwards no connection to the engine's socket.",
            advice: "Set `AllowStreamLocalForwarding yes` in its sshd_config, and reload sshd.",
        },
        HOST_SESSIONS: {
            meaning: "A host's sshd starts no command.",
            advice: "Set `MaxSessions` in its sshd_config to 1 or more, and reload sshd.",
        },
        COMMAND_FAILED: {
            meaning: "A command that Skep runs on a host failed there.",
            advice: "The line ends with what it said; look at the host.",
        },
        PORT_CLOSED: {
            meaning: "Nothing answers at a port of a host.",
            advice: "See whether the service that publishes it runs there.",
        },
        HOST_IDLE_TIMEOUT: {
            meaning: "A host's sshd closed a session before the command in it ended.",
            advice: "Take `ChannelTimeout` out of its sshd_config, and reload sshd.",
        },
        HOST_TIMEOUT: {
            meaning: "A host did not answer in time.",
            advice: "See whether the host and its engine are overloaded or stopped.",
        },
        HOSTS_OLDER: {
            meaning: "Hosts were made with an older image, or in another form, than new ones get.",
            advice: "Name them in `skep:renew` to have them made anew, managers one a run.",
            exit: "done",
        },
        HOST_SSHD: {
            meaning: "A host's SSH server does not take its new key.",
            advice: "Look at the host as the line says.",
        },
        HOST_SCRIPT: {
            meaning: "A script of Skep's failed on a host.",
            advice: "The line ends with what it said. Look at the host.",
        },
        HOST_BUSY: {
            meaning: "Another script of Skep's still runs on the host.",
            advice: "Wait for it, then run `up` again.",
            exit: "busy",
        },
        APT_BUSY: {
            meaning: "Another program on the host holds apt's locks.",
            advice: "Wait for it, such as for unattended upgrades, then run up again.",
        },
        REPOSITORY_TWICE: {
            meaning: "A file on the host names the same package repository with another key.",
            advice: "Remove that file from the host.",
        },
        REPOSITORY_KEY: {
            meaning: "The package repository's key is not the expected one.",
            advice: "Find out why before anything is installed from there.",
        },
        REPOSITORY_UNREACHABLE: {
            meaning: "A host does not reach the package repository.",
            advice: "Try it on the host: `ssh -F .skep/clients/dev/ssh-config manager-1`.",
            exit: "network",
        },
        REPOSITORY_BROKEN: {
            meaning: "apt cannot read the package repository.",
            advice: "Try `apt update` on the host.",
        },
        ENGINE_VERSION: {
            meaning: "The repository does not have the asked packages.",
            advice: "Set `skep:dockerVersion` to one that it has.",
        },
        ENGINE_INSTALL: {
            meaning: "docker-ce could not be installed.",
            advice: "Mend what apt says on the host, then run `up` again.",
        },
        ENGINE_SILENT: {
            meaning: "An engine did not answer after its start.",
            advice: "Look at `journalctl -u docker` on the host.",
        },
        ENGINE_OTHER: {
            meaning: "Another engine than the installed one runs on a host.",
            advice: "Look at `systemctl cat docker` on the host.",
        },
        ENGINE_API_OLD: {
            meaning: "The host's engine is older than what Skep can talk to.",
            advice: "Take docker-ce 20.10 or newer (`skep:dockerVersion`).",
        },
        ENGINE_STOPPED: {
            meaning: "A host is there, and its engine takes no connections.",
            advice: "Run `systemctl start docker` on the host.",
        },
        ENGINE_CONNECTION: {
            meaning: "The connection to an engine broke during a request.",
            advice: "Run the same command again.",
        },
        ENGINE_REFUSED: {
            meaning: "An engine answered, and refused.",
            advice: "Look at `journalctl -u docker` on the host.",
        },
        ENGINE_LEFT: {
            meaning: "An engine could not be looked at, and was left as it is.",
            advice: "Mend what the line names, then run `up` again.",
            exit: "left",
        },
        ENGINE_STALE: {
            meaning:
                "An engine is older than its settings or certificate, or its firewall rules were flushed.",
            advice: "Run `up`: it restarts the engine when the swarm can do without the host.",
        },
        ENGINE_KEYS_KEPT: {
            meaning: "A host's daemon.json has keys that somebody else wrote, and they stay.",
            advice: "Take them out on that host if nobody needs them.",
            exit: "done",
        },
        ENGINE_KEY_TAKEN: {
            meaning: "Somebody else gave a key of a host's daemon.json another value than the settings do.",
            advice: "Take the key out on that host, or out of the settings.",
            exit: "refused",
        },
    },
} as const satisfies Group;

/** The swarm: who is in it, who votes, who may change it now. */
export const SWARM = {
    title: "Quorum and members",
    exit: "swarm",
    entries: {
        SWARM_UNREACHABLE: {
            meaning: "No manager of the swarm answers.",
            advice: "Start the managers' hosts, and open locked managers with `skep unlock`.",
        },
        CLUSTER_HOST_UNREACHABLE: {
            meaning: "A swarm is made only when every manager host answers.",
            advice: "Start the hosts that the line names.",
            exit: "host",
        },
        CLUSTER_LOCKED: {
            meaning: "The managers are locked, and no known key opens them.",
            advice: "Run `docker swarm unlock` on each, with `npm run -s skep -- output unlockKey`.",
        },
        CLUSTER_SPLIT: {
            meaning: "The manager hosts are in different swarms. Nothing was changed.",
            advice: "See what `docker info` says on each, and let the hosts of the wrong swarm leave it.",
        },
        CLUSTER_FOREIGN: {
            meaning: "The manager hosts are in another swarm than this stack's. Nothing was changed.",
            advice: "Let them leave that swarm, or destroy the stack first.",
        },
        CLUSTER_HOST_BUSY: {
            meaning: "Hosts are in a swarm that has no quorum. Nothing was changed.",
            advice: "Start its other managers, or let the hosts leave it.",
        },
        CLUSTER_GONE: {
            meaning: "Every manager has lost the swarm's data.",
            advice: "Run `skep restore ARCHIVE`, or `up` once more for a new swarm: docs/operations.md.",
        },
        NODE_HOST_UNREACHABLE: {
            meaning: "The engine of a host that is to join does not answer.",
            advice: "Start the host and its docker service, then run `up` again.",
            exit: "host",
        },
        NODE_LOCKED: {
            meaning: "A manager is locked with a key that the swarm no longer has.",
            advice: "Unlock it with the key that it was locked with, or let it leave the swarm.",
        },
        NODE_BROKEN: {
            meaning: "A manager's engine cannot work with the swarm's data on its disk.",
            advice: "Mend what the line names, such as a full disk, and run `up`: the manager joins anew.",
        },
        NODE_IN_OTHER_SWARM: {
            meaning: "A host is a member of another swarm. Nothing was changed.",
            advice: "Let it leave with `docker swarm leave --force`.",
        },
        NODE_DRAINED: {
            meaning: "A node is still drained after work on its engine.",
            advice: "Run `up` again: it sets the node's availability back.",
            exit: "left",
        },
        TASKS_NOT_STOPPED: {
            meaning: "Tasks still ran on a drained node when its time was over, and Skep went on.",
            advice: "Set `skep:drainTimeout` to more than the `stop_grace_period` of their services.",
            exit: "done",
        },
        NODE_NOT_READY: {
            meaning: "After an `up`, a host is no ready node of the swarm.",
            advice: "Run `up` again: it brings the host back, or says what keeps it away.",
        },
        MANAGER_LOCKED: {
            meaning: "A manager stays locked, and the others went on without it.",
            advice: "Unlock it with the key that it was locked with, then run `up` again.",
            exit: "left",
        },
        QUORUM_AT_RISK: {
            meaning: "The next loss of a manager would leave the swarm unable to change.",
            advice: "Bring back the managers that the line names first.",
        },
        QUORUM_LOST: {
            meaning: "Fewer managers answer than a majority needs.",
            advice: "Bring back the managers that the line names; if their data is lost, run `skep recover`.",
        },
        NO_LEADER: {
            meaning: "The managers are electing a leader.",
            advice: "Wait half a minute, then run the same command again.",
            exit: "busy",
        },
        MANAGER_CHANGING: {
            meaning: "Another node is becoming a manager, or stops being one.",
            advice: "Wait until that is done; if it never is, look at its host.",
            exit: "busy",
        },
        MANAGER_MISSING: {
            meaning: "A manager has to stay one until others can do without it.",
            advice: "See why the others have not become managers: the same run says it.",
        },
        SWARM_WOULD_END: {
            meaning:
                "A plan would end the swarm, with everything that users have in it. Nothing was changed.",
            advice: "Set back what you changed; docs/operations.md says what may change, and how.",
            exit: "refused",
        },
        LAST_MANAGER: {
            meaning: "Without its only manager there is no swarm.",
            advice: "Let another member become a manager first, or destroy the stack.",
        },
        SWARM_BUSY: {
            meaning: "Another Skep process changes the swarm's managers.",
            advice: "Let it end, then run the same command again.",
            exit: "busy",
        },
        LEASE_LOST: {
            meaning: "The swarm could not be written to in the middle of a change of its managers.",
            advice: "See whether the managers have a majority, then run the same command again.",
        },
        DATA_PATH_DEAD: {
            meaning: "Containers in two zones do not reach each other on overlay networks.",
            advice: "Let UDP port 4789 pass between the hosts. If it does, see whether a host has several addresses and sends from another than its node's (moby#53004).",
            exit: "network",
        },
        DATA_PATH_MTU: {
            meaning: "Large packets between containers in two zones are lost.",
            advice: "Let packets of 1,500 bytes pass between the hosts: compare the MTU of their devices and tunnels.",
            exit: "network",
        },
        DATA_PATH_NAMES: {
            meaning: "Containers in two zones reach each other, and do not find each other's names.",
            advice: "Let TCP and UDP port 7946 pass between the hosts.",
            exit: "network",
        },
        DATA_PATH_ENCRYPTED: {
            meaning:
                "Packets between two zones are lost on encrypted overlay networks, and arrive on others.",
            advice: "Let IP protocol 50 (ESP) pass between the hosts, whose kernels need ESP.",
            exit: "network",
        },
        DATA_PATH_UNTESTED: {
            meaning: "It is not known whether containers in two zones reach each other.",
            advice: "Mend what the line names, and change something or run `up` again; `skep:checkDataPath: false` leaves the test out.",
            exit: "left",
        },
        WAIT_TIMED_OUT: {
            meaning: "What was waited for did not happen in time.",
            advice: "Run the same command again; if it ends there again, look at that host.",
            exit: "failed",
        },
        CANCELLED: {
            meaning: "An interrupt ended a wait.",
            advice: "Run the same command again.",
            exit: "failed",
        },
    },
} as const satisfies Group;

/** Docker stacks on the swarm, and their images. */
export const STACKS = {
    title: "Stacks and images",
    exit: "swarm",
    entries: {
        IMAGE_NOT_LOCAL: {
            meaning: "This machine's engine does not have an image that is to be pushed.",
            advice: "Run `up` again: set-up builds missing images.",
        },
        IMAGE_BUILD: {
            meaning: "An image of a stack with `build:` could not be built on this machine.",
            advice: "The line ends with the last lines of docker's output. Mend the Dockerfile or the network, then run `up` again.",
        },
        IMAGE_NO_HOST: {
            meaning: "No host answered that could take an image.",
            advice: "Start the hosts.",
        },
        IMAGE_PUSH: {
            meaning: "The registry refused an image.",
            advice: "Its log names the reason, mostly its storage: `docker service logs registry_registry`.",
        },
        IMAGE_MISSING: {
            meaning: "A host could not pull an image, and the others went on.",
            advice: "Run `up` again when the host answers.",
            exit: "left",
        },
        REGISTRY_UNUSABLE: {
            meaning: "A host does not reach the registry, does not trust it, or cannot log in to it.",
            advice: "See `docker service logs registry_registry` on a manager, then run `up` again.",
            exit: "network",
        },
        REGISTRY_SILENT: {
            meaning: "The registry does not answer, and it is not known which images it has.",
            advice: "See `docker service ps registry_registry` on a manager, then run `up` again.",
            exit: "left",
        },
        STACK_DEPLOY_FAILED: {
            meaning: "`docker stack deploy` failed.",
            advice: "The line ends with what it said.",
        },
        STACK_UPDATE_FAILED: {
            meaning: "An update of a service was paused or rolled back.",
            advice: "The line has the newest task's error. Correct the service.",
        },
        STACK_NOT_RUNNING: {
            meaning: "Not all tasks of a stack run, and no further one came up in time.",
            advice: "The line has the newest task's error. The same command goes on waiting. A task that is `preparing` for minutes without an error pulls a large image, or the engine of its node is stuck (moby/moby#47396, moby/moby#38318): `skep ssh HOST -- sudo systemctl restart docker`, then `skep unlock`.",
        },
    },
} as const satisfies Group;
