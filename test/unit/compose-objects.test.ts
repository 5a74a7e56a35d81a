// Secrets, configs, environment files, images and networks of compose files, and what a preview says of services.

import assert from "node:assert/strict";
import type { ComposeInputs } from "../../planning/compose";
import { readEnvFile } from "../../planning/compose/environment";
import { problemsOf, render, rendered, service, warningsOf } from "../support/compose";

interface File {
    services: Record<string, Record<string, unknown>>;
    secrets: Record<string, { external: boolean; name: string }>;
    configs: Record<string, { external: boolean; name: string }>;
    networks?: Record<string, { driver_opts?: object; external?: boolean } | null>;
}
const files = (texts: Readonly<Record<string, string>>) => (path: string) => texts[path];

describe("A secret or a config of a compose file", () => {
    const text = service(
        "secrets: [a]",
        [
            "secrets:",
            "  a: { file: ./a.txt } # of a file",
            "  b: { environment: B, labels: [x=1, y], template_driver: golang }",
            "configs:",
            '  c: { content: "c ${B} $${D}", labels: { n: 1 } }',
            "  d: { external: true, name: other }",
            "  e: { external: { name: old } }",
            "  f:",
            "    external: false",
            "    name: own",
            "    file: a.txt",
        ].join("\n"),
    );
    const inputs = { files: files({ "./a.txt": "A$B\n", "a.txt": "f" }), variables: { B: "b" } };

    it("is created under a name with a hash of its content, and external in the file", () => {
        const { secrets, configs } = render(text, inputs);
        const { secrets: a, configs: c } = rendered<File>(text, inputs);
        assert.deepEqual(secrets, {
            [a.a?.name ?? ""]: { value: "A$B\n" },
            [a.b?.name ?? ""]: { value: "b", labels: { x: "1", y: "" }, templateDriver: "golang" },
        });
        assert.deepEqual(configs, {
            [c.c?.name ?? ""]: { value: "c b ${D}", labels: { n: "1" } },
            [c.f?.name ?? ""]: { value: "f" },
        });
        assert.match(c.f?.name ?? "", /^own_[0-9a-f]{12}$/);
        assert.deepEqual([c.d, c.e], [{ external: true, name: "other" }, { external: { name: "old" } }]);
    });

    it("has another name with another content, labels or template driver, and with nothing else", () => {
        const name = (definition: string, more: Partial<ComposeInputs> = inputs) =>
            Object.keys(render(service("", `secrets: { a: ${definition} }`), more).secrets)[0];
        const plain = name("{ file: a.txt }");
        assert.equal(name("{ file: a.txt, x-a: b }"), plain);
        const others = [
            name("{ file: a.txt, labels: [a=b] }"),
            name("{ file: a.txt, template_driver: golang }"),
            name("{ file: a.txt }", { files: () => "other" }),
        ];
        assert.equal(new Set([plain, ...others]).size, 4);
        // Names of standing stacks stay what they were.
        assert.equal(name("{}", { secrets: { a: "value" } }), "shop_a_cd42404d52ad");
    });

    it("keeps a name that the swarm takes, however long its own one is", () => {
        const long = (end: string) => `  ${"a".repeat(70)}${end}: { file: a.txt }\n`;
        const names = Object.keys(render(service("", `secrets:\n${long("b")}${long("c")}`), inputs).secrets);
        assert.equal(new Set(names).size, 2);
        for (const name of names) assert.equal(name.length, 64);
    });

    it("is refused without a value, with two, and with one that the swarm refuses", () => {
        const refused = (definition: string, more: Partial<ComposeInputs> = inputs) =>
            problemsOf(service("", `secrets:\n  a: ${definition}\n`), more).join();
        assert.match(refused("{}"), /^5: secrets\.a needs exactly one of file, environment and external/);
        assert.match(refused("{ file: a.txt, environment: B }"), /exactly one of/);
        assert.match(refused("{ file: none }"), /^5: secrets\.a: there is no file none/);
        assert.match(refused("{ environment: NONE }"), /^5: secrets\.a: the variable NONE is not set/);
        assert.match(refused("{ content: x }"), /content would be readable/);
        assert.match(refused("{ file: a.txt }", { files: () => "" }), /is empty/);
        assert.match(refused("{ file: a.txt }", { files: () => "x".repeat(512_000) }), /less than 500 kB/);
        assert.equal(refused("{ driver: vault }"), "");
    });
});

describe("A service's environment", () => {
    const env = { "a.env": '# no\n\nA=file\n  B="b" \r\nC\nD=\nE=$X\nF=a=b\n', "b.env": "A=second\nG=1" };
    const inputs = { files: files(env), variables: { C: "variable", D: "d$", G: "" } };
    const of = (lines: string) => rendered<File>(service(lines), inputs).services.web;

    it("has what environment files say, by Docker's rules, and its own values first", () => {
        const environment = { B: '"b" ', C: "variable", D: "d$$", E: "$$X", F: "a=b", G: "1" };
        const web = of("env_file: [a.env, b.env]\nenvironment: { F: a=b, H: 1 }");
        assert.deepEqual(web?.environment, { ...environment, A: "second", H: 1 });
        assert.equal(web?.env_file, undefined);
        assert.deepEqual(of("env_file: a.env\nenvironment: [A=own, Z]")?.environment, [
            "A=own",
            "Z",
            'B="b" ',
            "C=variable",
            "D=d$$",
            "E=$$X",
            "F=a=b",
        ]);
        assert.deepEqual(of("env_file: b.env")?.environment, { A: "second", G: "1" });
    });

    it("takes variables where a value is missing or empty", () => {
        assert.deepEqual(of('environment: { C: , D: "", G: , H: "" }')?.environment, {
            ...{ C: "variable", D: "d$$", G: "", H: "" },
        });
        assert.deepEqual(of("environment: [C, D=, H=, K=k]")?.environment, [
            "C=variable",
            "D=d$$",
            "H=",
            "K=k",
        ]);
        assert.deepEqual(warningsOf(service("environment: [NONE]")), [
            "4: services.web.environment: NONE has no value, and there is no such variable",
        ]);
    });

    it("is refused where a file has lines that are none", () => {
        assert.deepEqual(readEnvFile("=a\nA B=c\n\uFEFFx=y").faults, [
            "line 1 has no name",
            "the name in line 2 has spaces",
        ]);
        assert.deepEqual(readEnvFile("\uFEFFA=b").entries, [{ name: "A", value: "b" }]);
        assert.deepEqual(problemsOf(service("env_file: x"), { files: () => "A B=c" }), [
            "4: services.web.env_file: x: the name in line 1 has spaces",
        ]);
    });
});

describe("A service's image", () => {
    const text =
        'services:\n  a: { build: { context: ., args: ["X=$${Y}", Z=$Z] } }\n  b: { image: b, build: ./b }\n';
    const variables = { Z: "z" };

    it("that was built takes the place of build", () => {
        const images = { a: "reg:5000/a:1", b: "reg:5000/b:2" };
        assert.deepEqual(rendered<File>(text, { images, variables }).services, {
            a: { image: "reg:5000/a:1" },
            b: { image: "reg:5000/b:2" },
        });
    });

    it("that is yet to be built is shown with its build section", () => {
        const { services } = render(text, { variables });
        assert.deepEqual(
            services.map(({ name, image, build }) => [name, image, build]),
            [
                ["a", undefined, { context: ".", args: ["X=${Y}", "Z=z"] }],
                ["b", "b", "./b"],
            ],
        );
    });
});

describe("A preview of a service", () => {
    it("has its image, tasks and ports, and no value of its environment", () => {
        const text = service(
            "environment: { PASSWORD: $SECRET, EMPTY: , N: 0400 }\nports: ['80:80']\ndeploy: { replicas: 2 }",
        );
        const shown = (SECRET: string) => render(text, { variables: { SECRET }, publish: "host" }).services;
        const [web] = shown("hunter2");
        assert.deepEqual(
            { ...web, environment: Object.keys(web?.environment ?? {}) },
            {
                name: "web",
                image: "web:1",
                mode: "replicated",
                replicas: 2,
                environment: ["PASSWORD", "EMPTY", "N"],
                ports: [{ target: 80, published: 80, protocol: "tcp", mode: "host" }],
            },
        );
        assert.ok(!JSON.stringify(web).includes("hunter2"));
        assert.notEqual(web?.environment.PASSWORD, shown("other")[0]?.environment.PASSWORD);
        assert.deepEqual(shown("hunter2")[0], web);
    });
});

describe("A stack's networks", () => {
    const of = (text: string) => rendered<File>(text, { encrypted: true }).networks;

    it("are encrypted, but for those of others and for those that say something themselves", () => {
        const text = service(
            "networks: [a, b]",
            'networks:\n  a:\n  b: { driver: overlay, driver_opts: { x: 1 } }\n  c: { external: true }\n  d: { driver_opts: { encrypted: "false" } }\n  e: { driver: macvlan }\n',
        );
        assert.deepEqual(of(text), {
            a: { driver_opts: { encrypted: "true" } },
            b: { driver: "overlay", driver_opts: { x: 1, encrypted: "true" } },
            c: { external: true },
            d: { driver_opts: { encrypted: "false" } },
            e: { driver: "macvlan" },
        });
    });

    it("are encrypted where Docker makes one for services without networks", () => {
        assert.deepEqual(of(service("")), { default: { driver_opts: { encrypted: "true" } } });
        assert.deepEqual(of(service("", "networks: { default: { attachable: true } }")), {
            default: { attachable: true, driver_opts: { encrypted: "true" } },
        });
    });
});

describe("A compose file's text", () => {
    it("stays what it is where nothing has to change", () => {
        const text = `# first\nversion: "3.8" # kept\n\n${service("labels:\n  a: 'x'\n  b: 0x1F # number\n  c: |\n    block\n\ncommand: [ \"a\", 'b' ]\n# last")}`;
        assert.equal(render(text).compose, text);
        assert.equal(render(text.replaceAll("\n", "\r\n")).compose, text);
    });
});
