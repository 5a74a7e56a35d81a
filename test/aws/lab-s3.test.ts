// The lab's registry on several hosts, with its images in a bucket: refused settings, secrets, pushes while registries are
// updated one after another, and the errors when the bucket is out of reach.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { CreateBucketCommand, ListObjectsV2Command, S3Client } from "@aws-sdk/client-s3";
import { addressAt } from "../../planning/addresses";
import { dockerClient } from "../../scripts/setup/docker";
import { STATE_FOLDER } from "../../config/folders";
import { Lab } from "../lab/lab";
import { inFull, required } from "../lab/required";
import { status } from "./login";
import { Moto } from "./moto";

const REGION = "eu-central-1";
const BUCKET = "images-of-a-lab";
const PREFIX = "swarm/images";
const KEYS = { registryAccessKeyId: "LAB-KEY-ID", registrySecretAccessKey: "lab-secret-key-7c1d" };
const STACK = "test-lab-s3";
const HOSTS = ["manager-1", "worker-1", "worker-2"];

interface Outputs {
    nodes: { name: string; zone: string }[];
    registry: { server: string; urls: string[]; user: string };
}

/** Hides the keys of this machine's user. */
const NO_KEYS = {
    AWS_ACCESS_KEY_ID: "",
    AWS_SECRET_ACCESS_KEY: "",
    AWS_SESSION_TOKEN: "",
    AWS_PROFILE: "",
    AWS_CONFIG_FILE: "/dev/null",
    AWS_SHARED_CREDENTIALS_FILE: "/dev/null",
    AWS_EC2_METADATA_DISABLED: "true",
};
const lab = new Lab(STACK, undefined, NO_KEYS);
let moto: Moto;
let outputs: Outputs;
let password: string;

describe("A lab's registry on several hosts, with its images in a bucket", function () {
    this.timeout(600_000);

    before(async () => {
        await makeBucket();
    });
    after(async () => {
        configure({ replicas: 1 });
        await lab.skep("destroy", "--yes").catch(() => undefined);
        await moto?.stop();
        lab.forget();
    });

    it("is refused at preview with all that is missing said at once", async () => {
        configure({ replicas: 4, s3: { bucket: BUCKET } });
        assert.match(await refusal(), /registry\.s3\.region.*REGISTRY_KEYS.*no keys/s);
        configure({ replicas: 4, s3: storage() });
        assert.match(await refusal(), /REGISTRY_REPLICAS.*REGISTRY_KEYS/s);
        configure({ replicas: 3 });
        assert.match(await refusal(), /REGISTRY_STORAGE/);
        configure({ s3: { ...storage(), secretAccessKey: "x" } });
        assert.match(await refusal(), /registry\.s3\.secretAccessKey cannot be as it is: keys are secret/);
    });

    it("takes its keys as secret settings, and refuses one without the other", async () => {
        configure({ replicas: 3, s3: storage() });
        await lab.pulumi("stack", "select", "--create", STACK);
        const [first, second] = Object.entries(KEYS);
        await setSecret(...(first as [string, string]));
        assert.match(await refusal(), /REGISTRY_KEYS: skep:registrySecretAccessKey is not set/);
        await setSecret(...(second as [string, string]));
        const { changes } = await lab.json<{ changes: object }>("preview");
        assert.deepEqual(Object.keys(changes), ["create"]);
    });

    required("comes up with a task in each zone that has a host, and its images in the bucket", async () => {
        await lab.skep("up", "--json");
        outputs = await lab.json<Outputs>("output");
        password = (await lab.skep("output", "registryPassword")).trim();
        assert.deepEqual(await tasks(), HOSTS);
        assert.deepEqual((await repositories()).sort(), ["client", "web"]);
    });

    it("answers on each of its hosts, and nobody without credentials", async () => {
        assert.equal(outputs.registry.urls.length, 3);
        for (const url of outputs.registry.urls) {
            assert.equal(status(lab, url), 401);
            assert.equal(status(lab, url, `${outputs.registry.user}:${password}`), 200);
        }
    });

    it("shows its keys neither in state nor in what Docker or the kernel tells", async () => {
        const seen = {
            state: readFileSync(join(STATE_FOLDER, `.pulumi/stacks/skep/${STACK}.json`), "utf8"),
            services: await lab.on("manager-1", "docker service inspect $(docker service ls -q)"),
            configs: await lab.on("manager-1", "docker config ls"),
            containers: await lab.on("worker-1", "docker inspect $(docker ps -q)"),
            processes: await lab.on("worker-1", "ps axeww"),
            logs: await logs(),
        };
        for (const [where, text] of Object.entries(seen)) {
            assert.notEqual(text, "", where);
            for (const key of Object.values(KEYS)) assert.ok(!text.includes(key), `${where} has ${key}`);
        }
    });

    it("takes pushes while its tasks are updated one after another", async () => {
        const { server, user } = outputs.registry;
        const login = `docker login --username ${user} --password-stdin ${server}`;
        const any = await lab.on("manager-1", "docker image ls --format '{{.ID}}' | head -n 1");
        await lab.on("manager-1", login, password);
        const before = await tasks();
        await lab.on("manager-1", "docker service update --detach --force registry_registry");
        let pushes = 0;
        for (let done = false; !done; pushes += 1) {
            const name = `${server}/during:${pushes}`;
            // Each push needs a new layer: docker does not send a layer that the registry has.
            const build = `mkdir -p during && head -c 20000000 /dev/urandom >during/layer && printf 'FROM ${any}\\nCOPY layer /\\n' >during/Dockerfile && docker build -q -t ${name} during`;
            await lab.on("manager-1", `${build} && docker push -q ${name}`);
            done = (await updateState()) === "completed";
        }
        assert.ok(pushes > 1, `${pushes} pushes`);
        assert.deepEqual(await tasks(), before);
        await lab.on("worker-1", `${login} && docker pull -q ${server}/during:0`, password);
    });

    inFull(
        "says that it is the storage when the bucket cannot be reached, and starts nothing anew",
        async () => {
            const running = await containers();
            await moto.stop();
            const push = `docker push -q ${outputs.registry.server}/during:0`;
            await lab.on(
                "manager-1",
                `docker tag ${outputs.registry.server}/during:1 ${outputs.registry.server}/lost:1`,
            );
            await assert.rejects(
                lab.on("manager-1", push.replace("during:0", "lost:1")),
                /500 Internal Server Error/,
            );
            assert.match(await logs("--since 2m"), /level=error .*s3aws: .*connection refused/);
            assert.deepEqual(await containers(), running);
        },
    );

    inFull("gets Skep's own images again in another bucket, which begins empty", async () => {
        await makeBucket();
        configure({ replicas: 3, s3: storage() });
        const { steps } = await lab.json<{ steps: { verb: string; name: string }[] }>("up");
        assert.deepEqual(steps.map(({ verb, name }) => `${verb} ${name}`).sort(), [
            "~ update client-image",
            "~ update registry-stack",
            "~ update web-image",
        ]);
        assert.deepEqual((await repositories()).sort(), ["client", "web"]);
    });
});

/**
 * The logs of all registries. `docker service logs` would wait for ever for tasks from before an update, whose containers
 * are gone.
 */
async function logs(options = ""): Promise<string> {
    const command = `docker logs ${options} $(docker ps -q --filter name=registry_registry) 2>&1`;
    return (await Promise.all(HOSTS.map((host) => lab.on(host, command)))).join("\n");
}

/** Starts a new moto with an empty bucket. */
async function makeBucket(): Promise<void> {
    moto = await Moto.start(await machineAddress(), []);
    const where = { LocationConstraint: REGION } as const;
    await s3().send(new CreateBucketCommand({ Bucket: BUCKET, CreateBucketConfiguration: where }));
}

/** The address at which containers on any network reach this machine. */
async function machineAddress(): Promise<string> {
    const { IPAM } = await dockerClient().getNetwork("bridge").inspect();
    const { Gateway, Subnet } = IPAM?.Config?.[0] ?? {};
    // The engine reports the gateway only after it has started a second time.
    if (Gateway) return Gateway;
    if (!Subnet) throw new Error("the engine's own bridge has no range");
    return addressAt(Subnet, 1);
}

function s3(): S3Client {
    const credentials = { accessKeyId: "any", secretAccessKey: "any" };
    return new S3Client({ region: REGION, endpoint: moto.endpoint, credentials, forcePathStyle: true });
}

function storage() {
    return { bucket: BUCKET, region: REGION, endpoint: moto.endpoint, prefix: PREFIX };
}

function configure(registry: object): void {
    lab.configure({
        "skep:managers": 1,
        "skep:workers": 2,
        "skep:sample": { enabled: true, replicas: 1 },
        "skep:registry": registry,
    });
}

/** The error of a preview that must fail. */
async function refusal(): Promise<string> {
    const failed: unknown = await lab.skep("preview").catch((error: unknown) => error);
    if (typeof failed === "string") throw new Error("the preview was not refused");
    return String((failed as { stderr?: string }).stderr);
}

/** Sets a secret setting; the value comes on standard input, as from a user. */
async function setSecret(name: string, value: string): Promise<void> {
    const script = `printf %s "$VALUE" | pulumi config set --secret "$NAME"`;
    await lab.run("sh", ["-c", `eval "$(node scripts/skep.mjs env --stack ${STACK})" && ${script}`], {
        NAME: `skep:${name}`,
        VALUE: value,
    });
}

/** The hosts that run a task of the registry, sorted. */
async function tasks(): Promise<string[]> {
    const format = "--filter desired-state=running --format '{{.Node}} {{.CurrentState}}'";
    const lines = (await lab.on("manager-1", `docker service ps registry_registry ${format}`)).split("\n");
    return lines
        .filter((line) => line.includes(" Running "))
        .map((line) => line.split(" ")[0] ?? "")
        .sort();
}

/** The repositories with images in the bucket, below the configured prefix. */
async function repositories(): Promise<string[]> {
    const Prefix = `${PREFIX}/docker/registry/v2/repositories/`;
    const { CommonPrefixes = [] } = await s3().send(
        new ListObjectsV2Command({ Bucket: BUCKET, Prefix, Delimiter: "/" }),
    );
    return CommonPrefixes.map(({ Prefix: found = "" }) => found.slice(Prefix.length, -1));
}

/** The ids of the registry's containers, for each host. */
async function containers(): Promise<string[]> {
    const ids = HOSTS.map((host) => lab.on(host, "docker ps -q --filter name=registry_registry"));
    return Promise.all(ids);
}

async function updateState(): Promise<string> {
    return lab.on("manager-1", "docker service inspect registry_registry --format '{{.UpdateStatus.State}}'");
}
