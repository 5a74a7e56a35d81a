// The parts of a stack as its user knows them, and which part each of Pulumi's resources belongs to. No I/O.

/** A part of a stack. Lines show the parts in this order: each needs those before it. */
export const PARTS = [
    "Network",
    "Hosts",
    "Gateway",
    "Load balancer",
    "Certificates",
    "Engines",
    "Swarm",
    "Rollout",
    "Registry",
    "Stacks",
] as const;
export type Part = (typeof PARTS)[number];

/** Where a component's resources belong. The innermost component with a row decides. */
const COMPONENTS: Readonly<Record<string, Part>> = {
    "skep:hosts:Lab": "Hosts",
    "skep:hosts:Aws": "Hosts",
    "skep:lab:Gateway": "Gateway",
    "skep:aws:Network": "Network",
    "skep:aws:Groups": "Network",
    "skep:aws:Balancer": "Load balancer",
    "skep:aws:Storage": "Registry",
    "skep:index:Pki": "Certificates",
    "skep:index:Engine": "Engines",
    "skep:index:Swarm": "Swarm",
    "skep:index:Rollout": "Rollout",
    "skep:index:Registry": "Registry",
    "skep:index:Stack": "Stacks",
};

/** What a resource of a type is called. */
interface Kind {
    noun: string;
    /** Default: the noun with an s. */
    plural?: string;
    /** The ending of its name in the program, without which the name is the subject's: `worker-1-node` is about `worker-1`. */
    ending?: RegExp;
    /** What it does while it is made, and while it is removed. Default: "being made" and "being removed". */
    making?: string;
    removing?: string;
}

const KINDS: Readonly<Record<string, Kind>> = {
    "docker:Container": { noun: "container", making: "starting", removing: "stopping" },
    "docker:Network": { noun: "network" },
    "docker:Volume": { noun: "volume", ending: /-(docker|containerd)$/ },
    "tls:PrivateKey": { noun: "key", ending: /-(firstkey|key)$/ },
    "tls:SelfSignedCert": { noun: "certificate" },
    "tls:CertRequest": { noun: "request", ending: /-request$/ },
    "tls:LocallySignedCert": { noun: "certificate" },
    "random:RandomPassword": { noun: "password" },
    "swarm:HostKey": { noun: "host key", ending: /-hostkey$/, making: "booting" },
    "swarm:HostLogin": { noun: "login", ending: /-login$/, making: "getting its login key" },
    "swarm:HostFiles": { noun: "files", plural: "files", ending: /-files$/, making: "getting its files" },
    "swarm:HostEngine": { noun: "engine", ending: /-engine$/, making: "installing docker-ce" },
    "swarm:EngineRollout": {
        noun: "rollout",
        ending: /-rollout$/,
        making: "looking at the engines",
    },
    "swarm:Cluster": { noun: "swarm", ending: /-cluster$/, making: "starting", removing: "ending" },
    "swarm:Node": { noun: "node", ending: /-node$/, making: "joining", removing: "leaving" },
    "swarm:Image": { noun: "image", ending: /-image$/, making: "going to the hosts" },
    "swarm:Stack": {
        noun: "stack",
        ending: /-stack$/,
        making: "starting its tasks",
        removing: "stopping its tasks",
    },
    "aws:Bucket": { noun: "bucket" },
    "aws:BucketLifecycleConfiguration": { noun: "lifecycle rule" },
    "aws:BucketPublicAccessBlock": { noun: "block of public access", plural: "blocks of public access" },
    "aws:BucketServerSideEncryptionConfiguration": { noun: "encryption rule" },
    "aws:BucketVersioning": { noun: "versioning rule" },
    "aws:Eip": { noun: "address", plural: "addresses" },
    "aws:Instance": { noun: "instance", making: "starting", removing: "terminating" },
    "aws:InstanceProfile": { noun: "instance profile" },
    "aws:InternetGateway": { noun: "internet gateway" },
    "aws:KeyPair": { noun: "key pair" },
    "aws:Listener": { noun: "listener" },
    "aws:LoadBalancer": { noun: "load balancer" },
    "aws:NatGateway": { noun: "NAT gateway" },
    "aws:Role": { noun: "role" },
    "aws:RolePolicy": { noun: "role policy", plural: "role policies" },
    "aws:Route": { noun: "route" },
    "aws:RouteTable": { noun: "route table" },
    "aws:RouteTableAssociation": { noun: "route table association" },
    "aws:SecurityGroup": { noun: "security group" },
    "aws:SecurityGroupEgressRule": { noun: "rule" },
    "aws:SecurityGroupIngressRule": { noun: "rule" },
    "aws:Subnet": { noun: "subnet" },
    "aws:SubnetCidrReservation": { noun: "reserved range" },
    "aws:TargetGroup": { noun: "target group" },
    "aws:TargetGroupAttachment": { noun: "target" },
    "aws:Vpc": { noun: "VPC" },
};

/** What the number behind a part counts. Where nothing of that changes, all resources count. */
const COUNTED: Readonly<Record<Part, Readonly<Record<string, string>>>> = {
    Network: { "docker:Network": "network", "aws:Subnet": "subnet" },
    Hosts: { "docker:Container": "host", "aws:Instance": "host" },
    Gateway: { "docker:Container": "gateway" },
    "Load balancer": { "aws:TargetGroup": "port" },
    Certificates: { "tls:SelfSignedCert": "certificate", "tls:LocallySignedCert": "certificate" },
    Engines: { "swarm:HostEngine": "host" },
    Swarm: { "swarm:Node": "node" },
    Rollout: { "swarm:EngineRollout": "rollout" },
    Registry: { "swarm:Image": "image" },
    Stacks: { "swarm:Stack": "stack" },
};

/** A type without the path of its package: `aws:ec2/instance:Instance` is `aws:Instance`. */
export function shortType(type: string): string {
    const parts = type.split(":");
    return `${parts[0]}:${parts.at(-1)}`;
}

/**
 * The part that a resource belongs to. `types` are the types of its components, the outermost first, and its own type.
 * Undefined for what belongs to none, which the program does not make.
 */
export function partOf(types: readonly string[]): Part | undefined {
    const type = types.at(-1) ?? "";
    if (!type.startsWith("skep:") && !(shortType(type) in KINDS)) return undefined;
    if (shortType(type) === "docker:Network") return "Network";
    // The registry's own stack is in a component of its own, within the registry's.
    if (types.includes("skep:index:Registry")) return "Registry";
    const component = types.findLast((one) => one in COMPONENTS);
    return component === undefined ? undefined : COMPONENTS[component];
}

/** What a resource is about, as in `worker-1` for `worker-1-node`. `type` is short. */
export function subjectOf(type: string, name: string): string {
    const { ending } = KINDS[type] ?? {};
    const subject = ending ? name.replace(ending, "") : name;
    return subject.startsWith("pki-") ? subject.slice("pki-".length) : subject;
}

/** What happens to a resource for as long as a step takes. `type` is short. */
export function doing(type: string, verb: Verb): string {
    const { making = "being made", removing = "being removed" } = KINDS[type] ?? {};
    return { make: making, change: "being changed", replace: "being replaced", remove: removing }[verb];
}

/** What is done to a resource. */
export type Verb = "make" | "change" | "replace" | "remove";
export const VERBS: readonly Verb[] = ["make", "change", "replace", "remove"];
const PAST: Readonly<Record<Verb, string>> = {
    make: "made",
    change: "changed",
    replace: "replaced",
    remove: "removed",
};

interface Done {
    verb: Verb;
    /** The short type. */
    type: string;
}

/** How much was done to a part: "6 hosts" if it was made only, else "2 changed, 1 removed". */
export function countOf(part: Part, steps: readonly Done[]): string {
    const counted = steps.filter(({ type }) => type in COUNTED[part]);
    if (counted.length === 0 || steps.some(({ verb }) => verb !== "make")) return pastOf(steps);
    return amount(counted.length, COUNTED[part][counted[0]!.type]!);
}

/** What was done: "2 changed, 1 removed". Empty if nothing was. */
export function pastOf(steps: readonly Pick<Done, "verb">[]): string {
    return tally(steps, (count, verb) => `${count} ${PAST[verb]}`);
}

/** What would be done: "2 to change, 1 to remove". Empty if nothing would. */
export function futureOf(steps: readonly Pick<Done, "verb">[]): string {
    return tally(steps, (count, verb) => `${count} to ${verb}`);
}

function tally(steps: readonly Pick<Done, "verb">[], say: (count: number, verb: Verb) => string): string {
    return VERBS.flatMap((verb) => {
        const count = steps.filter((step) => step.verb === verb).length;
        return count === 0 ? [] : [say(count, verb)];
    }).join(", ");
}

/** What the resources of these short types are: "container, 2 volumes". */
export function kindsOf(types: readonly string[]): string {
    const nouns = types.map((type) => KINDS[type]?.noun ?? type);
    return [...new Set(nouns)]
        .map((noun) => {
            const count = nouns.filter((other) => other === noun).length;
            const { plural } = Object.values(KINDS).find((kind) => kind.noun === noun) ?? {};
            return count === 1 ? noun : amount(count, noun, plural);
        })
        .join(", ");
}

function amount(count: number, noun: string, plural = `${noun}s`): string {
    return `${count} ${count === 1 ? noun : plural}`;
}
