// What of a compose file a swarm cannot do: refused or warned of at preview, all at once, with the line.

import assert from "node:assert/strict";
import fc from "fast-check";
import { exitCodeOf } from "../../errors";
import { stackFileProblems, stackFileWarnings } from "../../planning/compose";
import { problemsOf, render, service, warningsOf } from "../support/compose";

/** Each file with a part of the only problem that it has. */
function refuses(cases: Readonly<Record<string, string>>): void {
    for (const [text, problem] of Object.entries(cases)) {
        const [found, ...more] = problemsOf(text);
        assert.ok(found?.includes(problem), `${found} for ${text}`);
        assert.deepEqual(more, [], text);
    }
}

describe("A compose file is refused", () => {
    it("with STACK_FILE, the file and the line of each problem, all at once and in their order", () => {
        const text = "services:\n  a:\n    image: x\n    scale: 2\n  b: { image: y, networks: [n] }\n  c:\n";
        assert.deepEqual(
            stackFileProblems(render(text)).map(({ id, problem }) => `${id} ${problem}`),
            [
                "STACK_FILE shop.yaml:4: services.a.scale: the number of tasks is set in deploy.replicas.",
                "STACK_FILE shop.yaml:5: services.b names n, which is not defined under networks.",
                "STACK_FILE shop.yaml:6: services.c must be a map.",
            ],
        );
        assert.equal(exitCodeOf("STACK_FILE"), exitCodeOf("CONFIG_VALUE"));
    });

    it("if it is no YAML, or more than one file", () => {
        refuses({
            "services:\n  a: [": "2: this is no YAML",
            "services:\n\ta: {}": "2: this is no YAML",
            [`${service("")}---\na: b\n`]: "4: a second document begins",
            [service("image: y")]: "4: the key image is there twice",
            "services:\n  a: { image: x }\n  a: { image: y }\n": "3: the key a is there twice",
            "services:\n  a: { image: *x }\n": "2: the alias *x names nothing",
            "x: &x [*x]\nservices: { a: { image: x } }": "an alias stands inside",
            "services: { a: { image: x, <<: [1] } }": "1: a merge key (<<) takes a map",
            "- a": "the file must be a map",
        });
        const bomb = Array.from({ length: 12 }, (_, n) => `x${n}: &x${n} [${`*x${n - 1}, `.repeat(9)}]`);
        assert.match(problemsOf(`${bomb.join("\n").replaceAll("*x-1", "y")}\n`).join(), /too large/);
    });

    it("if it has no services, or one that is none", () => {
        refuses({
            "": "1: the file has no services",
            "# nothing\n": "1: the file has no services",
            "x-a: b": "1: the file has no services",
            "services:": "1: the file has no services",
            "services: {}": "1: the file has no services",
            "services: [a]": "1: services must be empty or a map",
            "services:\n  a: { image: x }\n  b:\n": "3: services.b must be a map",
            "services:\n  a: text": "2: services.a must be a map",
        });
    });

    it("for keys that Docker does not know, with what to write instead", () => {
        refuses({
            [`name: shop\n${service("")}`]: "1: name: the stack's name",
            [`include: [a]\n${service("")}`]: "1: include: Docker takes one file only",
            [service("extends: { service: b }")]: "4: services.web.extends: Docker does not extend",
            [service("profiles: [a]")]: "4: services.web.profiles:",
            [service("develop: {}")]: "4: services.web.develop:",
            [service("mem_limit: 5M")]: "limits are set in deploy.resources",
            [service("volumes_from: [a]")]: "4: services.web.volumes_from:",
            [service("imagee: x")]: "4: services.web.imagee: Docker knows no such key here",
            [service("deploy: { replica: 2 }")]: "4: services.web.deploy.replica: Docker knows no such key",
            [service("", "networks: { n: { foo: 1 } }")]: "networks.n.foo: Docker knows no such key",
        });
        assert.deepEqual(
            problemsOf(service("x-own: 1", "x-other: { a: [b] }\nnetworks: { n: { x-a: 1 } }")),
            [],
        );
    });

    it("for values that Docker does not take there", () => {
        refuses({
            [service('read_only: "yes"')]: "services.web.read_only must be true or false",
            [service("environment: { A: true }")]: "must be a text, a number or empty; quotes make it a text",
            [service("environment: { 1: a }")]: "the key 1 in services.web.environment must be in quotes",
            [service("hostname: 12")]: "services.web.hostname must be a text; quotes make it a text",
            [service("depends_on: { a: { condition: x } }")]: "services.web.depends_on must be a list",
            [service("deploy: { replicas: 1.5 }")]: "replicas must be a whole number",
            [service("healthcheck: { interval: 5 minutes }")]: "interval must be a span of time",
            [service("deploy: { resources: { limits: { memory: 5X } } }")]: "it must be a size such as 64M",
            [service("deploy: { resources: { limits: { cpus: many } } }")]: "it must be a number such as 0.5",
            [service("deploy: { mode: some }")]: "mode must be one of replicated, global",
            [service("deploy: { restart_policy: { condition: always } }")]:
                "must be one of none, on-failure, any",
            [service("ulimits: { nofile: { soft: 1 } }")]: "services.web.ulimits.nofile needs hard",
            [service("dns: [a, b, a]")]: "services.web.dns has the same entry twice",
        });
        // `yes` is a boolean for old versions of Docker and a text for new ones: here it is what the field takes.
        const { compose } = render(service("tty: yes\nread_only: off\nenvironment: { A: yes, on: no }"));
        for (const part of ["tty: true\n", "read_only: false\n", 'A: "yes"', '"on": "no"'])
            assert.ok(compose.includes(part), compose);
    });

    it("for a version that Docker does not have, and for keys that are newer than its version", () => {
        const versioned = (version: string) =>
            `version: ${version}\n${service("healthcheck: { start_interval: 1s }")}`;
        assert.match(problemsOf(versioned('"3.9"')).join(), /^5: .* needs version "3\.12" or newer/);
        assert.match(problemsOf(versioned('"2.4"')).join(), /^1: Docker has no version 2\.4/);
        assert.match(problemsOf(versioned("3.13")).join(), /^1: version must be a text/);
        for (const version of ['"3.12"', "'3'"]) {
            assert.deepEqual(problemsOf(versioned(version)), []);
            assert.ok(render(versioned(version)).compose.startsWith(`version: ${version}\n`));
        }
    });

    it("for what a service names and nobody defines", () => {
        refuses({
            [service("secrets: [a]")]: "4: services.web names a, which is not defined under secrets",
            [service("configs: [{ source: a }]")]:
                "4: services.web names a, which is not defined under configs",
            [service("networks: { a: }")]: "4: services.web names a, which is not defined under networks",
            [service("volumes: [data:/b]")]: "4: services.web names data, which is not defined under volumes",
            [service("volumes: [{ type: volume, source: a, target: /b }]")]: "not defined under volumes",
            [service("credential_spec: { config: a }")]: "not defined under configs",
            [service("env_file: none.env")]: "4: services.web.env_file: there is no file none.env",
        });
        const defined = "volumes: { data: }\nnetworks: { a: }\n";
        assert.deepEqual(problemsOf(service("volumes: [data:/b, /c]\nnetworks: [a, default]", defined)), []);
    });

    it("for binds of files that are on another machine than the hosts", () => {
        for (const source of ["./x", "../x", "~/x", "."]) {
            refuses({
                [service(`volumes: ["${source}:/y"]`)]:
                    `4: services.web.volumes: ${source} is on the machine`,
                [service(`volumes: [{ type: bind, source: ${source}, target: /y }]`)]:
                    "is on the machine of whoever",
            });
        }
        refuses({ [service("volumes: [{ type: bind, source: x, target: /y }]")]: "x is on the machine" });
        refuses({ [service("volumes: [{ type: bind, target: /y }]")]: "a bind mount needs a source" });
        assert.deepEqual(problemsOf(service('volumes: [/x:/y, "C:\\\\x:/y", /z]')), []);
    });

    it("for names that the swarm does not take", () => {
        const long = "a".repeat(59);
        const named = (name: string) => `services:\n  ${name}: { image: x }\n`;
        assert.deepEqual(problemsOf(named("a".repeat(58))), []);
        refuses({
            [named(long)]:
                `2: services.${long}: the name shop_${long} has 64 characters, and the swarm takes 63`,
            [named("a.b")]: "2: services.a.b: the swarm does not take the name shop_a.b",
            [named("a_")]: "does not take the name shop_a_",
            [named("a/b")]: "services.a/b: the name has characters that it cannot have",
            [service("networks: [n]", "networks: { n: { name: a.b } }")]:
                "networks.n: the swarm does not take",
        });
    });

    it("for a service without an image, or with one that has no such name", () => {
        refuses({
            "services: { a: { hostname: x } }": "services.a has neither image nor build",
            'services: { a: { image: "" } }': "services.a has neither image nor build",
            'services: { a: { image: "shop/Web" } }': "services.a.image: shop/Web is no name of an image",
            'services: { a: { image: "web:" } }': "services.a.image: web: is no name of an image",
        });
        const digest = `sha256:${"0".repeat(64)}`;
        for (const image of [
            "a",
            "a/b:1",
            "Reg.example:5000/a_b/c--d:v1.2_3",
            `localhost/a@${digest}`,
            "[::1]:5000/a:1",
        ])
            assert.deepEqual(problemsOf(`services: { a: { image: "${image}" } }`), [], image);
        assert.deepEqual(problemsOf("services: { a: { build: . } }"), []);
    });

    it("for modes that do not go together", () => {
        refuses({
            [service("deploy: { mode: global, replicas: 2 }")]: "deploy.replicas goes with mode replicated",
            [service("deploy: { mode: global, placement: { max_replicas_per_node: 1 } }")]:
                "one task on a node",
            [service("healthcheck: { test: [CMD, a], disable: true }")]: "has a test, and is disabled",
            [service("", "volumes: { v: { external: true, driver: local } }")]: "can have no driver",
        });
    });

    it("and never with an exception, whatever is in it", () => {
        const whole = service(
            'ports: ["80:80"]\nenvironment: { A: "${B:-c}" }\ndeploy: { replicas: 1 }',
            "x: &x y\n",
        );
        const piece = fc.constantFrom(
            ..."{}[]:,&*#|>-?!%@`'\"\n\t $".split(""),
            "<<: *x",
            "null",
            "---\n",
            "*x",
        );
        fc.assert(
            fc.property(fc.array(fc.tuple(fc.nat(whole.length), piece), { maxLength: 4 }), (edits) => {
                let text = whole;
                for (const [at, what] of edits) text = text.slice(0, at) + what + text.slice(at);
                render(text, { publish: "host", encrypted: true });
            }),
            { numRuns: 500 },
        );
        const tree = fc.letrec<{ node: unknown }>((tie) => ({
            node: fc.oneof(
                { maxDepth: 4 },
                fc.constantFrom(null, "", "x", 1, true, "${A}", "services", "80:80"),
                fc.array(tie("node"), { maxLength: 3 }),
                fc.dictionary(
                    fc.constantFrom(
                        "web",
                        "image",
                        "ports",
                        "deploy",
                        "environment",
                        "secrets",
                        "file",
                        "volumes",
                    ),
                    tie("node"),
                    { maxKeys: 4 },
                ),
            ),
        })).node;
        fc.assert(
            fc.property(tree, tree, (services, others) => {
                const text = JSON.stringify({ services, networks: others, secrets: others, volumes: others });
                render(text, { publish: "host", encrypted: true });
            }),
            { numRuns: 500 },
        );
    });
});

describe("A compose file is warned of", () => {
    it("with STACK_FILE_IGNORED for each key that a swarm ignores, at its line", () => {
        const keys = {
            ...{ cgroupns_mode: "host", cgroup_parent: "a", container_name: "a", depends_on: "[web]" },
            ...{ devices: "[a]", domainname: "a", expose: "[80]", external_links: "[a]", group_add: "[a]" },
            ...{ ipc: "host", links: "[web]", mac_address: '"0"', network_mode: "host", pid: "host" },
            ...{ privileged: "true", restart: "always", security_opt: "[a]", shm_size: "1M", tmpfs: "/a" },
            ...{ userns_mode: "host" },
        };
        const lines = Object.entries(keys).map(([key, value]) => `${key}: ${value}`);
        const rendering = render(service(lines.join("\n")));
        assert.deepEqual(rendering.problems, []);
        assert.deepEqual(
            rendering.warnings.map(({ line, text }) => [line, text.split(" ")[0]]),
            Object.keys(keys).map((key, index) => [4 + index, `services.web.${key}`]),
        );
        for (const { id } of stackFileWarnings(rendering)) assert.equal(id, "STACK_FILE_IGNORED");
        // Docker says so too, and takes the file.
        assert.ok(rendering.compose.includes("privileged: true"));
        assert.deepEqual(warningsOf(service("build: .")), []);
    });

    it("where addresses are asked for, and where numbers do not stay as they are written", () => {
        assert.deepEqual(
            warningsOf(service("networks: { n: { ipv4_address: 10.0.0.1 } }", "networks: { n: }")).length,
            1,
        );
        assert.deepEqual(warningsOf(service('environment: { A: 1.10, B: "1.10", C: 10, D: 2020-01-01 }')), [
            "4: 1.10 is the number 1.1 to Docker; quotes keep it as it is",
            "4: 2020-01-01 is a date to Docker; quotes keep it as it is",
        ]);
    });
});
