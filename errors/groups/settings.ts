import type { Group } from "../problem-group";

/** Settings, and the typed command. All refusals are reported at once, before anything changes. */
export const SETTINGS = {
    title: "Settings and commands",
    exit: "refused",
    entries: {
        CONFIG_FILE: {
            meaning: "A settings file cannot be read.",
            advice: "Correct the file that the line names; `Pulumi.dev.yaml` shows how one looks.",
        },
        CONFIG_UNKNOWN: {
            meaning: "There is no setting of this name.",
            advice: "Take the name that the line proposes, or one of the README's.",
        },
        CONFIG_VALUE: {
            meaning: "A setting has a value that it cannot have.",
            advice: "Correct it as the line says.",
        },
        PORT_TAKEN: {
            meaning: "A published port is one that hosts use themselves, or that two settings give away.",
            advice: "Take another port, such as 8081.",
        },
        POOL_TOO_SMALL: {
            meaning: "An address pool has no room for the networks that are needed.",
            advice: "Take a wider range: each network takes a /24.",
        },
        CONFIG_ELSEWHERE: {
            meaning: "A setting was made by `pulumi config set`, which writes to another file.",
            advice: "Remove it with `pulumi config rm`, and put it into `Pulumi.<stack>.yaml`.",
        },
        STACK_NAME: {
            meaning: "This cannot be a stack's name.",
            advice: "Take a lower-case letter, then letters, digits and dashes, 30 at most.",
        },
        STACK_UNKNOWN: {
            meaning: "The stack has no settings file.",
            advice: "Copy `Pulumi.dev.yaml` to `Pulumi.<stack>.yaml` and change what should differ.",
            exit: "usage",
        },
        STACK_DOWN: {
            meaning: "The stack is not up, so it has no outputs.",
            advice: "Run `npm run up` first.",
            exit: "usage",
        },
        HOST_UNKNOWN: {
            meaning: "A command names a host that the stack does not have.",
            advice: "Take one that `skep status` lists.",
            exit: "usage",
        },
        OUTPUT_UNKNOWN: {
            meaning: "The stack has no output of this name.",
            advice: "The line lists those that it has.",
            exit: "usage",
        },
        STACK_SECRET: {
            meaning: "A secret setting that a stack of `skep:stacks` needs is missing, or is kept in clear.",
            advice: "Set it with the command in the line; docs/stacks.md has an example.",
        },
        NOT_CONFIRMED: {
            meaning: "`destroy` asks before it removes anything, and there was no terminal to ask at.",
            advice: "Add `--yes`.",
            exit: "usage",
        },
        MANAGERS_EVEN: {
            meaning: "An even number of managers tolerates no more losses than one fewer.",
            advice: "Take an odd number.",
        },
        MANAGERS_MANY: {
            meaning: "More than 7 managers make a swarm slower, not safer.",
            advice: "Keep to 7 or fewer, those that `skep:nodes` promotes counted in.",
        },
        NO_MANAGER: {
            meaning: "With `skep:nodes` as it is, no node would be a manager.",
            advice: "Leave at least one manager, better three.",
        },
        NODE_UNKNOWN: {
            meaning: "`skep:nodes` names a host that the stack does not have.",
            advice: "Hosts are called `manager-1`, `worker-1` and so on.",
        },
        NOTHING_RUNS_TASKS: {
            meaning: "With the settings as they are, no node may run a task.",
            advice: "Leave at least one node active.",
        },
        RANGES_OVERLAP: {
            meaning: "Two address ranges overlap.",
            advice: "Change one of them to a range of its own.",
        },
        SAMPLE_REPLICAS: {
            meaning: "The sample has more web tasks than nodes to run them, one a node.",
            advice: "Lower `skep:sample.replicas`, or add workers.",
        },
        ZONES_TWICE: { meaning: "A zone is named twice.", advice: "Name each zone once." },
        ZONES_MANY: {
            meaning: "With the zones that hosts are leaving there are too many.",
            advice: "Change a few names at a time, with an `up` after each.",
        },
        ONLY_MANAGER_MOVES: {
            meaning: "The only manager would move to another zone, which would end the swarm.",
            advice: "Keep its zone until 3 managers are up.",
        },
        RENEW_UNKNOWN: {
            meaning: "`skep:renew` names a host that the stack does not have.",
            advice: "Correct the name, or take it out.",
        },
        ENGINE_SETTING: {
            meaning: "`skep:engine` asks for what an engine of a swarm cannot do, or for something twice.",
            advice: "Do what the line says: it names the setting to take in its place.",
        },
        STACK_FILE: {
            meaning: "A compose file cannot be deployed on a swarm as it is.",
            advice: "Correct the lines that are named; all that could be found are named at once.",
        },
        STACK_FILE_IGNORED: {
            meaning:
                "A warning: a compose file says something that a swarm does not do, or leaves a variable empty.",
            advice: "Take the key out, or write what the line proposes.",
            exit: "done",
        },
        STACK_FIXED: {
            meaning: "A standing stack cannot follow a changed setting: everything would be made anew.",
            advice: "Set the value back, or bring up a second stack and move there.",
        },
        PROTECTED: {
            meaning: "The stack is protected from being destroyed.",
            advice: "Set `skep:protect` to false, or name the stack once: `npm run destroy -- --lose-swarm NAME`.",
        },
        LOSE_SWARM_NAME: {
            meaning: "`--lose-swarm` names another stack than the command works on.",
            advice: "Name the stack itself, so that no other one is meant.",
            exit: "usage",
        },
        REGISTRY_STORAGE: {
            meaning: "Several registries need one bucket, and exactly one.",
            advice: "Set `registry.s3` or `aws.registryStorage`, not both; or one registry.",
        },
        REGISTRY_REPLICAS: {
            meaning: "There are more registries than hosts.",
            advice: "Lower `skep:registry.replicas`; one in each zone is enough.",
        },
        REGISTRY_KEYS: {
            meaning: "The keys of `registry.s3` are missing, in clear, or expire.",
            advice: "Give both keys as secret settings or in the environment: docs/operations.md.",
        },
        REGISTRY_MOVES: {
            meaning: "A warning: the host with the registry's images goes.",
            advice: "Push your own images again after the `up`, or keep the host.",
            exit: "done",
        },
        VERSION_UNKNOWN: {
            meaning: "The repository has no such version.",
            advice: "Take one of those that the line lists.",
        },
        VERSIONS_CLASH: {
            meaning: "The containerd that is asked for does not go with the engine.",
            advice: "Leave `skep:containerdVersion` out: Skep then takes what goes with the engine.",
        },
        ENGINE_DOWNGRADE: {
            meaning:
                "A host cannot go back to that engine: it might not read the swarm's data, or not see the host's images.",
            advice: "Take the version that the line names: docs/upgrades.md has what was measured.",
        },
        ENGINE_UNTESTED: {
            meaning: "A warning: Skep was never run with this engine.",
            advice: "Try it on a stack that nobody needs first: docs/upgrades.md lists the tested versions.",
            exit: "done",
        },
        ENGINE_FAULT: {
            meaning: "A warning: this engine has a known fault.",
            advice: "Do what the line says.",
            exit: "done",
        },
        ENGINE_PAIR: {
            meaning: "A warning: two engines do not work well beside each other in one swarm.",
            advice: "Take the version that the line names.",
            exit: "done",
        },
        PLUGINS_MIXED: {
            meaning: "The stack was made with another kind of plugins.",
            advice: "Set `SKEP_PLUGINS` as the line says, or destroy the stack first.",
        },
    },
} as const satisfies Group;

/** Problems of hosts on EC2 only. docs/aws.md lists all of their settings. */
export const EC2 = {
    title: "EC2",
    exit: "refused",
    entries: {
        AWS_SETTINGS: {
            meaning: "`skep:hosts` is aws, and the region or the administrators are missing.",
            advice: "Set `skep:aws.region` and `skep:aws.adminCidrs`, as in `Pulumi.aws.yaml.example`.",
        },
        AWS_ADMIN_OPEN: {
            meaning: "SSH and the engine's API would be open to nearly everybody.",
            advice: "Name the ranges that administrators come from, or set `aws.allowPublicAdmin`.",
        },
        AWS_RANGE_SIZE: {
            meaning: "The VPC's range is too small or too large to be split into subnets.",
            advice: "Take a range such as 10.60.0.0/16.",
        },
        AWS_CONNECT_VIA: {
            meaning: "Hosts in private subnets have no public address to connect to.",
            advice: "Set `aws.connectVia` to private, or use public subnets.",
        },
        AWS_TAGS: { meaning: "A tag is one that AWS or Skep sets itself.", advice: "Take another name." },
        AWS_ZONE_UNKNOWN: {
            meaning: "The region has no such availability zone for this account.",
            advice: "Take names that the line lists, or a number.",
        },
        AWS_ZONES_FEW: {
            meaning: "The region has fewer availability zones than asked.",
            advice: "Ask for fewer, or take another region.",
        },
        AWS_RENEW_PROTECTED: {
            meaning: "Hosts that are protected from termination cannot be renewed.",
            advice: "Set `aws.terminationProtection` to false and run `up`, renew, and set it back.",
        },
        INSTANCE_DIFFERS: {
            meaning: "An instance has another type or image than the settings say, and was left as it is.",
            advice: "Name it in `skep:renew` to have it made anew.",
            exit: "done",
        },
    },
} as const satisfies Group;
