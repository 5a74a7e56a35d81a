// A lab in daily use: two stacks of two clones, the plain pulumi command, hosts that stop or disappear, changes by hand, a
// machine without a network. The second clone has a path with spaces, and runs with umask 077.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { Outcome } from "../../cli/pulumi/operate";
import { overlaps } from "../../planning/addresses";
import { BLOCK_SIZE } from "../../planning/ports";
import { cacheFolder } from "../../scripts/setup/cache";
import { dockerClient } from "../../scripts/setup/docker";
import { makeClone } from "./clone";
import { eventually, hostContainers, Lab, type NodeOutput } from "./lab";
import { inFull } from "./required";

interface Outputs {
    nodes: NodeOutput[];
    clusterId: string;
    registry: { server: string; url: string; user: string };
}

const CHANGING = ["create", "update", "replace", "delete"];
const SMALL = { "skep:zones": 1, "skep:sample": { enabled: false } };
const docker = dockerClient();
const first = new Lab("test-daily");
let second: Lab;
let outputs: Outputs;

describe("A lab in daily use", function () {
    this.timeout(900_000);

    before(async () => {
        second = new Lab("test-other", makeClone());
        first.configure({ ...SMALL, "skep:managers": 3, "skep:workers": 1 });
        second.configure({ ...SMALL, "skep:managers": 1, "skep:workers": 0 });
        const umask = process.umask(0o077);
        const other = second.skep("up", "--json");
        process.umask(umask);
        await Promise.all([first.skep("up", "--json"), other]);
        outputs = await first.json<Outputs>("output");
    });
    after(async () => {
        for (const lab of [second, first]) await lab.skep("destroy", "--yes").catch(() => undefined);
        first.forget();
        rmSync(second.project, { recursive: true, force: true });
    });

    it("shares neither subnet nor ports nor passphrase with one that was brought up at the same moment", () => {
        const [one, two] = [first, second].map(({ project, stack }) => {
            const text = readFileSync(join(project, ".skep/stacks", `${stack}.yaml`), "utf8");
            const value = (key: string) => new RegExp(`skep:${key}: (\\S+)`).exec(text)?.[1] ?? "";
            return { subnet: value("labSubnet"), ports: Number(value("labPorts")) };
        });
        assert.ok(one && two);
        assert.ok(!overlaps(one.subnet, two.subnet), `${one.subnet} and ${two.subnet}`);
        assert.ok(Math.abs(one.ports - two.ports) >= BLOCK_SIZE, `${one.ports} and ${two.ports}`);
        const passphrases = [first, second].map(({ project }) =>
            readFileSync(join(project, ".skep/passphrase"), "utf8"),
        );
        assert.notEqual(passphrases[0], passphrases[1]);
    });

    it("is refused to another clone under its name", async () => {
        const other = new Lab(first.stack, second.project);
        other.configure(SMALL);
        await assert.rejects(other.skep("preview"), /LAB_STACK_TAKEN/);
        other.forget();
    });

    it("is the same for plain pulumi as for npm run, in preview, up and refresh", async () => {
        for (const command of ["preview", "up --yes", "refresh --yes"])
            await first.pulumi(...command.split(" "), "--expect-no-changes");
        await assertUnchanged(first, "up");
    });

    it("stays on the local backend of its clone for a user who is logged in elsewhere, unless told otherwise", async () => {
        const home = mkdtempSync(join(tmpdir(), "skep-test-"));
        const cloud = "https://api.pulumi.com";
        mkdirSync(join(home, ".pulumi"));
        writeFileSync(
            join(home, ".pulumi/credentials.json"),
            JSON.stringify({
                current: cloud,
                accessTokens: { [cloud]: "pul-0" },
                accounts: { [cloud]: { accessToken: "pul-0" } },
            }),
        );
        const login = {
            HOME: home,
            XDG_CACHE_HOME: dirname(cacheFolder()),
            PULUMI_CREDENTIALS_PATH: join(home, ".pulumi"),
            PULUMI_ACCESS_TOKEN: "pul-0",
        };
        await assertUnchanged(new Lab(second.stack, second.project, login), "preview");
        const elsewhere = `file://${home}`;
        const told = new Lab(second.stack, second.project, { ...login, PULUMI_BACKEND_URL: elsewhere });
        assert.deepEqual(Object.keys((await told.json<Outcome>("preview")).changes), ["create"]);
        rmSync(home, { recursive: true });
    });

    it("needs no network but the machine's own once it stands", async function () {
        if (!canUnshare()) {
            console.log("      skipped: this user may not make a mount namespace (unshare --mount)");
            return this.skip();
        }
        // A complete cache, whose record of reachable sites is too old.
        const home = mkdtempSync(join(tmpdir(), "skep-test-"));
        mkdirSync(join(home, "skep"));
        for (const name of readdirSync(cacheFolder()))
            if (!/^(reachability\.json|pruned)$/.test(name))
                symlinkSync(join(cacheFolder(), name), join(home, "skep", name));
        writeFileSync(join(home, "skep/pruned"), "");
        const answers = JSON.parse(readFileSync(join(cacheFolder(), "reachability.json"), "utf8")) as object;
        writeFileSync(join(home, "skep/reachability.json"), JSON.stringify({ ...answers, asked: 0 }));
        const packages = new URL(execFileSync("npm", ["config", "get", "registry"], { encoding: "utf8" }));
        const script = [
            "mount --bind /dev/null /etc/resolv.conf",
            `! getent hosts ${packages.hostname} || { echo "names are still found"; exit 1; }`,
            'exec "$@"',
        ].join(" && ");
        const arguments_ = ["up", "--json", "--stack", second.stack];
        const printed = await second.run(
            "unshare",
            ["--mount", "sh", "-c", script, "sh", process.execPath, "scripts/skep.mjs", ...arguments_],
            { XDG_CACHE_HOME: home },
        );
        assert.deepEqual(changing(JSON.parse(printed) as Outcome), []);
        rmSync(home, { recursive: true });
    });

    it("leaves git's status clean, and what it generates to its user alone", () => {
        const git = (...args: string[]) =>
            execFileSync("git", args, { cwd: second.project, encoding: "utf8" });
        assert.equal(git("status", "--porcelain"), "");
        assert.equal(statSync(join(second.project, ".skep/passphrase")).mode & 0o077, 0);
        assert.equal(statSync(join(second.project, ".skep/state")).mode & 0o077, 0);
    });

    it("gets back the role, the availability and the replicas that were changed by hand, and keeps what is the user's", async () => {
        await first.on("manager-1", CHANGES_BY_HAND);
        await first.on("manager-1", THINGS_OF_THE_USER);
        const { steps } = await first.json<Outcome>("preview");
        const found = steps.map(({ verb, name }) => `${verb} ${name}`).sort();
        assert.deepEqual(found, [
            "~ update manager-3-node",
            "~ update registry-stack",
            "~ update worker-1-node",
        ]);
        await first.skep("up", "--json");
        const node = (name: string, field: string) =>
            first.on("manager-1", `docker node inspect ${name} --format '{{${field}}}'`);
        assert.equal(await node("manager-3", ".ManagerStatus.Reachability"), "reachable");
        assert.equal(await node("worker-1", ".Spec.Availability"), "active");
        assert.equal(await node("worker-1", 'index .Spec.Labels "mine"'), "1");
        const services = await first.on("manager-1", "docker service ls --format '{{.Name}} {{.Replicas}}'");
        assert.deepEqual(services.split("\n").sort(), [
            "mine 0/0",
            "mystack_idle 0/0",
            "registry_registry 1/1",
        ]);
        const networks = await first.on("manager-1", "docker network ls --format '{{.Name}}'");
        assert.match(networks, /^mine-network$/m);
        await assertUnchanged(first, "preview");
    });

    it("gets a stopped host and a removed one back as the same members of the same swarm", async () => {
        const nodes = () => first.on("manager-1", NODES);
        const before_ = await nodes();
        await docker.getContainer(`skep-${first.stack}-manager-2`).stop({ t: 5 });
        await docker.getContainer(`skep-${first.stack}-worker-1`).remove({ force: true });
        await first.skep("up", "--json");
        assert.equal(await nodes(), before_);
    });

    inFull(
        "is brought back as the same swarm with the same images when the machine was switched off",
        async () => {
            await pushProbe();
            const hosts = await docker.listContainers({
                filters: { label: [`io.skep.stack=${first.stack}`] },
            });
            // Four hosts and the gateway.
            assert.equal(hosts.length, 5);
            await Promise.all(hosts.map(({ Id }) => docker.getContainer(Id).kill()));
            await first.skep("up", "--json");
            assert.equal((await first.json<Outputs>("output")).clusterId, outputs.clusterId);
            assert.deepEqual(await clusterIds(first.stack), [outputs.clusterId]);
            await eventually("the image in the registry", async () =>
                (await probeIsThere()) ? true : undefined,
            );
            await assertUnchanged(first, "up");
        },
    );

    inFull("killed while it makes a host is freed by the next up, which says so and finishes", async () => {
        await docker.getContainer(`skep-${second.stack}-manager-1`).remove({ force: true });
        // Then the state surely has the operation as one that has begun.
        const at = "engine:apt:manager-1";
        const killed = new Lab(second.stack, second.project, { SKEP_TEST_PAUSE_AT: at }).start("up");
        await killed.until(new RegExp(`paused at ${at}`));
        await killed.kill();
        // A kill may leave such an empty file when it interrupts the writing of the state.
        const state = join(second.project, ".skep/state/.pulumi/stacks/skep");
        writeFileSync(join(state, `${second.stack}.json.attrs`), "");
        const next = second.start("up");
        assert.equal(await next.result(), 0, next.said);
        assert.match(next.said, /Took away the lock of a command that was killed/);
        assert.match(
            next.said,
            /Forgot what a killed command had begun, to begin it again: .*manager-1-engine/,
        );
        assert.equal((await clusterIds(second.stack)).length, 1);
        await assertUnchanged(second, "up");
    });

    it("serves on when another is destroyed, by plain pulumi too", async () => {
        await pushProbe();
        await second.pulumi("destroy", "--yes");
        assert.equal((await docker.listContainers({ all: true, filters: ofStack(second.stack) })).length, 0);
        await second.skep("destroy", "--yes");
        assert.equal((await docker.listNetworks({ filters: ofStack(second.stack) })).length, 0);
        assert.ok(!existsSync(join(second.project, ".skep/stacks", `${second.stack}.yaml`)));
        assert.ok(await probeIsThere());
        await assertUnchanged(first, "preview");
    });
});

const CHANGES_BY_HAND = [
    "docker node demote manager-3",
    "docker node update --availability drain worker-1",
    "docker service scale --detach registry_registry=0",
].join(" && ");

const THINGS_OF_THE_USER = [
    "docker node update --label-add mine=1 worker-1",
    "docker network create --driver overlay mine-network",
    "docker service create --detach --no-resolve-image --name mine --replicas 0 none:1",
    `printf 'version: "3.8"\\nservices: {idle: {image: "none:1", deploy: {replicas: 0}}}\\n' | docker stack deploy --resolve-image never -c - mystack`,
].join(" && ");

const NODES =
    "docker node inspect $(docker node ls -q) --format " +
    "'{{.ID}} {{.Description.Hostname}} {{.Spec.Role}} {{.Status.State}}{{with .ManagerStatus}} {{.Reachability}}{{end}}' | sort";

function ofStack(stack: string) {
    return { label: [`io.skep.stack=${stack}`] };
}

function changing({ changes, steps }: Outcome): unknown[] {
    return CHANGING.some((verb) => changes[verb]) ? [changes, ...steps] : [];
}

async function assertUnchanged(lab: Lab, command: "up" | "preview"): Promise<void> {
    assert.deepEqual(changing(await lab.json<Outcome>(command)), [], `${command} of ${lab.stack}`);
}

/** The ids of the swarms that the stack's hosts belong to, as their engines report them. */
async function clusterIds(stack: string): Promise<string[]> {
    const hosts = await hostContainers(stack);
    const said = hosts.map(({ Id }) =>
        execFileSync(
            "docker",
            ["exec", Id, "docker", "info", "--format", "{{with .Swarm.Cluster}}{{.ID}}{{end}}"],
            {
                encoding: "utf8",
            },
        ).trim(),
    );
    return [...new Set(said.filter((id) => id !== ""))];
}

function canUnshare(): boolean {
    try {
        execFileSync("unshare", ["--mount", "true"], { stdio: "ignore" });
        return true;
    } catch {
        return false;
    }
}

async function pushProbe(): Promise<void> {
    const { server, user } = outputs.registry;
    const password = (await first.skep("output", "registryPassword")).trim();
    const script = [
        `docker login --username ${user} --password-stdin ${server}`,
        // Any image will do; the node of the registry always has the registry's own.
        `docker tag $(docker image ls --format '{{.ID}}' | head -n 1) ${server}/probe:1`,
        `docker push -q ${server}/probe:1`,
        `docker logout ${server}`,
    ].join(" && ");
    await first.on("worker-1", script, password);
}

async function probeIsThere(): Promise<boolean> {
    const password = (await first.skep("output", "registryPassword")).trim();
    const { registry } = outputs;
    const said = execFileSync(
        "curl",
        ["-sS", "--max-time", "10", "--cacert", join(first.clients, "ca.pem"), "--config", "-"].concat(
            `${registry.url}/v2/_catalog`,
        ),
        { encoding: "utf8", input: `user = "${registry.user}:${password}"\n` },
    );
    return said.includes("probe");
}
