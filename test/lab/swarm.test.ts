// The main job from end to end, on real hosts: preview, up, a look from outside, drift, destroy.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { request } from "node:https";
import { join } from "node:path";
import type { Outcome } from "../../cli/pulumi/operate";
import { EXIT_CODES } from "../../errors/problem-group";
import { dockerClient } from "../../scripts/setup/docker";
import { ProcessWatch } from "./process-watch";
import { canType, eventually, hostContainers, Lab, type NodeOutput, servingNode } from "./lab";
import { inFull, required } from "./required";
import { testStanding } from "./standing";
import { runsTasks } from "./stuck";
import { UPKEEP } from "./upkeep";

interface Outputs {
    nodes: NodeOutput[];
    clusterId: string;
    publish: string;
    registry: { server: string; url: string; user: string };
    sample: { url: string };
}

const CHANGING = ["create", "update", "replace", "delete"];
const lab = new Lab("test-swarm");
let outputs: Outputs;
let unlockKey: string;
let password: string;
/** Texts that must not contain secrets, by their place. */
let seen: Record<string, string> = {};

describe("A locked swarm over three zones from one command", function () {
    this.timeout(900_000);

    before(() => {
        lab.usual = { "skep:upkeep": UPKEEP };
        lab.configure();
    });
    after(async () => {
        await lab.skep("destroy", "--yes").catch(() => undefined);
        lab.forget();
    });

    it("is previewed whole before any host exists, under readable names", async () => {
        const { changes, steps } = await lab.json<Outcome>("preview");
        assert.deepEqual(Object.keys(changes), ["create"]);
        for (const name of [
            "manager-1",
            "worker-3",
            "swarm-cluster",
            "worker-3-node",
            "registry-stack",
            "sample-stack",
        ])
            assert.ok(
                steps.some((step) => step.name === name),
                `${name} is missing in ${JSON.stringify(steps)}`,
            );
        assert.equal((await labContainers()).length, 0);
    });

    it("is asked about at a terminal before anything is made, and a no leaves it at that", async function () {
        if (!canType()) return this.skip();
        const { said, code } = await lab.atTerminal("n\n", "up");
        assert.match(said, /^Hosts\r?\n {2}\+ make {5}.*manager-1, /m);
        assert.match(said, /\d+ to make\. Do it\? \[y\/N\]/);
        assert.match(said, /Nothing was changed\./);
        assert.equal(code, EXIT_CODES.usage);
        assert.equal((await labContainers()).length, 0);
    });

    it("has no outputs yet, which is said", async () => {
        const asked = lab.start("output");
        assert.equal(await asked.result(), EXIT_CODES.usage);
        assert.match(asked.said, /^✗ STACK_DOWN: /m);
    });

    required("comes up", async () => {
        const watch = new ProcessWatch();
        const up = lab.start("up");
        const code = await up.result();
        watch.stop();
        assert.equal(code, 0, up.said);
        seen = { ...seen, "what up said": up.said, "lists of processes": [...watch.commandLines].join("\n") };
        assert.ok(watch.looks > 100, `the processes were looked at ${watch.looks} times`);
        outputs = await lab.json<Outputs>("output");
        unlockKey = (await lab.skep("output", "unlockKey")).trim();
        password = (await lab.skep("output", "registryPassword")).trim();
        assert.match(unlockKey, /^SWMKEY-1-/);
    });

    it("has three reachable managers and three ready workers, each labelled with its zone", async () => {
        const lines = (await lab.on("manager-1", NODES)).split("\n").map((line) => line.split(" "));
        assert.equal(lines.length, 6);
        const managers = lines.filter(([, , , reachability]) => reachability === "reachable");
        assert.equal(managers.length, 3);
        for (const [name, state, zone] of lines) {
            assert.equal(state, "ready");
            assert.equal(zone, outputs.nodes.find((node) => node.name === name)?.zone, `zone of ${name}`);
        }
        assert.equal(new Set(managers.map(([, , zone]) => zone)).size, 3);
    });

    it("is not changed by a second up or preview", async () => {
        for (const command of ["up", "preview"]) {
            const { changes, steps } = await lab.json<Outcome>(command);
            assert.deepEqual(
                CHANGING.filter((verb) => changes[verb]),
                [],
                `${command}: ${JSON.stringify(steps)}`,
            );
        }
    });

    it("is only looked at by an up on a terminal when nothing is to be done", async () => {
        const said = await lab.run("script", [
            "-qec",
            `node scripts/skep.mjs up --stack ${lab.stack}`,
            "/dev/null",
        ]);
        assert.match(said, /Previewing test-swarm/);
        assert.match(said.trimEnd(), /^No changes, \d+ resources as they should be, \d+ s$/m);
        assert.match(said.trimEnd().split("\n").at(-1) ?? "", /^No changes/);
        assert.doesNotMatch(said, /Bringing up|Do it\?|Next:/);
    });

    it("is locked after an engine restart, and its key opens it", async () => {
        await lab.on("manager-2", "sudo systemctl restart docker");
        const state = () => lab.on("manager-2", "docker info --format '{{.Swarm.LocalNodeState}}'");
        assert.equal(await state(), "locked");
        await lab.on("manager-2", "docker swarm unlock", `${unlockKey}\n`);
        await eventually("manager-2 to be active", async () =>
            (await state()) === "active" ? true : undefined,
        );
        await eventually("three reachable managers", async () => {
            const reachable = (await lab.on("manager-2", NODES)).match(/reachable/g) ?? [];
            return reachable.length === 3 ? true : undefined;
        });
        await runsTasks(lab, "manager-2");
    });

    it("has a registry that answers nobody without credentials", async () => {
        assert.equal(await registryStatus(), 401);
        assert.equal(await registryStatus(`${outputs.registry.user}:wrong`), 401);
        assert.equal(await registryStatus(`${outputs.registry.user}:${password}`), 200);
    });

    it("pushes to the registry under its real name and pulls elsewhere, but not after logout", async () => {
        const { server, user } = outputs.registry;
        const login = `docker login --username ${user} --password-stdin ${server}`;
        const image = `${server}/probe:1`;
        const any = await lab.on("manager-1", "docker image ls --format '{{.ID}}' | head -n 1");
        await lab.on(
            "manager-1",
            `docker tag ${any} ${image} && ${login} && docker push -q ${image}`,
            password,
        );
        await lab.on("manager-1", `docker logout ${server}`);
        await lab.on("worker-2", `${login} && docker pull -q ${image} && docker rmi ${image}`, password);
        await lab.on("worker-2", `docker logout ${server}`);
        await assert.rejects(
            lab.on("worker-2", `docker pull -q ${image}`),
            /no basic auth|unauthorized|denied/,
        );
        const insecure = await lab.on(
            "worker-2",
            "docker info --format '{{json .RegistryConfig.IndexConfigs}}'",
        );
        assert.ok(!insecure.includes(server));
    });

    it("serves the web page on its published port in every zone", async () => {
        const zones = new Set<string>();
        await eventually("an answer from every zone", async () => {
            for (const { zone, ports } of outputs.nodes)
                if (await servingNode(`http://127.0.0.1:${ports.app}/`)) zones.add(zone);
            return zones.size === 3 ? true : undefined;
        });
    });

    inFull(
        "serves the web page at one address over all zones, on another port too, and replaces no host for it",
        async () => {
            const hosts = async () => (await hostContainers(lab.stack)).map(({ Id }) => Id).sort();
            const serves = async () => {
                const serving = new Set<string>();
                const { url } = (await lab.json<Outputs>("output")).sample;
                await eventually("answers from three nodes at one address", async () => {
                    for (let i = 0; i < 3; i++) serving.add((await servingNode(url)) ?? "");
                    return serving.size === 3 && !serving.has("") ? true : serving.clear();
                });
            };
            await serves();
            const before = await hosts();
            lab.usual = { ...lab.usual, "skep:sample": { port: 9090 } };
            lab.configure();
            const { steps } = await lab.json<Outcome>("up");
            const replaced = steps.filter(({ verb }) => verb === "± replace").map(({ name }) => name);
            assert.deepEqual([...new Set(replaced)], ["lab-gateway"]);
            assert.deepEqual(await hosts(), before);
            await serves();
        },
    );

    it("lets the client on every node reach the web server by name", async () => {
        await eventually("client log lines with answers", async () => {
            const log = await lab.on(
                "manager-1",
                "timeout 20 docker service logs --tail 60 sample_client 2>&1",
            );
            const nodes = outputs.nodes.filter(({ name }) => new RegExp(`Hello from ${name}: 200`).test(log));
            return nodes.length === 6 ? true : undefined;
        });
    });

    it("has no output of another name, and says which there are", async () => {
        const asked = lab.start("output", "unlockkey");
        assert.equal(await asked.result(), EXIT_CODES.usage);
        assert.match(asked.said, /^✗ OUTPUT_UNKNOWN: .*It has .*unlockKey/m);
    });

    it("answers on the engine API only to clients with a certificate of its authority", async () => {
        const port = outputs.nodes[0]!.ports.engine ?? 0;
        assert.equal((await engineInfo(port, true)).status, 200);
        await assert.rejects(engineInfo(port, false));
    });

    it("shows a label changed by hand as drift, repairs it, and leaves a label of the user's own alone", async () => {
        const drift = "docker node update --label-rm availability_zone --label-add mine=1 worker-1";
        await lab.on("manager-1", drift);
        const previewed = await lab.json<Outcome>("preview");
        assert.deepEqual(
            previewed.steps.filter(({ type }) => type === "swarm:Node"),
            [
                {
                    verb: "~ update",
                    type: "swarm:Node",
                    name: "worker-1-node",
                    parent: "swarm",
                    part: "Swarm",
                    details: ["label availability_zone: none → lab-a"],
                },
            ],
        );
        await lab.json<Outcome>("up");
        const labels = await lab.on(
            "manager-1",
            "docker node inspect worker-1 --format '{{json .Spec.Labels}}'",
        );
        assert.deepEqual(JSON.parse(labels), { availability_zone: "lab-a", mine: "1", registry: "true" });
    });

    it("shows files changed on a host as drift, and writes them as they were", async () => {
        const files = [
            `/etc/docker/certs.d/${outputs.registry.server}/ca.crt`,
            "/etc/docker/daemon.json",
            "/etc/hosts",
        ];
        const read = () => lab.on("worker-2", `cat ${files.join(" ")}`);
        const before = await read();
        await lab.on(
            "worker-2",
            `sudo rm ${files[0]}; echo '{}' | sudo tee ${files[1]}; echo | sudo tee ${files[2]}`,
        );
        const { steps } = await lab.json<Outcome>("preview");
        assert.deepEqual(steps.map(({ type, name }) => `${type} ${name}`).sort(), [
            "swarm:EngineRollout engines-rollout",
            "swarm:HostFiles worker-2-files",
        ]);
        const { left } = await lab.json<Outcome>("up");
        assert.deepEqual(left, []);
        const registryLine = (text: string) => text.split("\n").filter((line) => line.includes("# skep"));
        const certificateAndSettings = (text: string) => text.slice(0, text.indexOf("127.0.0.1"));
        const after = await read();
        assert.deepEqual(registryLine(after), registryLine(before));
        assert.equal(registryLine(after).length, 1);
        assert.ok(after.startsWith(certificateAndSettings(before).trimEnd()));
    });

    it("shows SSH host keys that were made on the hosts: nothing there keeps the one from user data", async () => {
        const left = await lab.on(
            "manager-1",
            "sudo grep -rls 'PRIVATE KEY' /var/lib/cloud /run/cloud-init /etc/ssh /var/log/cloud-init.log /var/log/cloud-init-output.log || true",
        );
        assert.equal(left, "/etc/ssh/skep_host_key");
    });

    it("keeps nothing secret readable in state, in logs, in lists of processes, in what Docker tells of hosts", async () => {
        const hosts = await labContainers();
        const about = hosts.map(({ Id }) => dockerClient().getContainer(Id).inspect());
        const logs = ["manager-1", "worker-1"].map((host) =>
            lab.on(host, "sudo sh -c 'journalctl --no-pager -o cat; cat /var/log/cloud-init*.log'"),
        );
        seen = {
            ...seen,
            "the state": readFileSync(join(".skep/state/.pulumi/stacks/skep", `${lab.stack}.json`), "utf8"),
            "what Docker tells of hosts": JSON.stringify(await Promise.all(about)),
            "logs of hosts": (await Promise.all(logs)).join("\n"),
        };
        const secrets = [
            unlockKey,
            password,
            "SWMTKN-1-",
            "-----BEGIN OPENSSH PRIVATE",
            "-----BEGIN PRIVATE",
            // The private keys of the authority and of all certificates have this form.
            "-----BEGIN EC PRIVATE",
        ];
        for (const [where, text] of Object.entries(seen))
            for (const secret of secrets)
                assert.ok(!text.includes(secret), `${where}: ${secret.slice(0, 16)}… in clear`);
        assert.ok(Object.values(seen).every((text) => text.length > 1000));
    });

    testStanding(lab);

    it("is destroyed without residue, also with a dead and a missing host and without its settings, and never waits", async () => {
        const docker = dockerClient();
        lab.forget();
        await docker.getContainer(`skep-${lab.stack}-manager-3`).kill();
        await docker.getContainer(`skep-${lab.stack}-worker-3`).remove({ force: true });
        const began = Date.now();
        await lab.skep("destroy", "--yes");
        assert.ok(Date.now() - began < 60_000, "destroy took a minute or more");
        const filters = { label: [`io.skep.stack=${lab.stack}`] };
        assert.equal((await labContainers()).length, 0);
        assert.equal((await docker.listVolumes({ filters })).Volumes?.length ?? 0, 0);
        assert.equal((await docker.listNetworks({ filters })).length, 0);
    });
});

const NODES =
    "docker node inspect $(docker node ls -q) --format " +
    `'{{.Description.Hostname}} {{.Status.State}} {{.Spec.Labels.availability_zone}}{{with .ManagerStatus}} {{.Reachability}}{{end}}'`;

function labContainers() {
    return dockerClient().listContainers({ all: true, filters: { label: [`io.skep.stack=${lab.stack}`] } });
}

function clientFile(name: string): Buffer {
    return readFileSync(join(lab.clients, name));
}

function get(url: string, options: object): Promise<{ status: number }> {
    return new Promise((resolve, reject) => {
        request(url, { ...options, ca: clientFile("ca.pem"), timeout: 10_000 }, (response) => {
            response.resume();
            resolve({ status: response.statusCode ?? 0 });
        })
            .on("error", reject)
            .end();
    });
}

async function registryStatus(auth?: string): Promise<number> {
    return (await get(`${outputs.registry.url}/v2/`, { auth })).status;
}

function engineInfo(port: number, withCertificate: boolean) {
    const certificate = withCertificate ? { cert: clientFile("cert.pem"), key: clientFile("key.pem") } : {};
    return get(`https://127.0.0.1:${port}/info`, certificate);
}
