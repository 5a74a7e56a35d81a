// Compose files through Docker's own command line: what it reads in a user's file is what it reads in ours, but for what
// ours is made for. It needs docker's client only, and no engine.
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import fc from "fast-check";
import { parse } from "yaml";
import { type PublishMode, renderStack } from "../../planning/compose";

const STACK = "shop";
const CASES = join(__dirname, "../cases");
const VARIABLES = {
    ...{ IMAGE: "registry:5000/shop/web:1.4", VERSION: "1.2", SET: "set", EMPTY: "", SUFFIX: "7" },
    ...{ COUNT: "3", ON: "yes", PORT: "7001", FILE: "motd.txt", MODE: "0400", prefix: "pre" },
};

interface Config {
    services: Record<string, Service>;
    networks?: Record<string, { driver_opts?: Record<string, string> } | null>;
    secrets?: Record<string, FileObject>;
    configs?: Record<string, FileObject>;
}
interface Service {
    env_file?: unknown;
    environment?: Record<string, string>;
    /** All scalars are read as text: a commit such as 61e9540 is not to become a number on the way. */
    ports?: { mode: string; target: string; published?: string; protocol?: string }[];
    deploy?: { endpoint_mode?: string };
}
interface FileObject {
    file?: string;
    external?: string;
    name?: string;
}

/** What Docker reads in a file. Only the given variables are in its environment. */
function dockerReads(text: string, folder: string, variables: Readonly<Record<string, string>>): Config {
    const out = execFileSync("docker", ["stack", "config", "--compose-file", "-"], {
        input: text,
        cwd: folder,
        env: { PATH: process.env.PATH, ...variables },
        encoding: "utf8",
        stdio: ["pipe", "pipe", "ignore"],
    });
    const config = parse(out, { schema: "failsafe" }) as Config;
    for (const { ports } of Object.values(config.services)) ports?.sort(byPort);
    return config;
}

type Port = NonNullable<Service["ports"]>[number];
function byPort(a: Port, b: Port): number {
    const key = ({ target, published = "", protocol = "" }: Port) => `${target} ${published} ${protocol}`;
    return key(a) < key(b) ? -1 : 1;
}

/** What should become of what Docker reads in the user's file. */
function expected(config: Config, publish: PublishMode): Config {
    for (const service of Object.values(config.services)) {
        delete service.env_file;
        if (publish === "mesh") continue;
        for (const port of service.ports ?? []) port.mode = "host";
        service.deploy = { ...service.deploy, endpoint_mode: "dnsrr" };
    }
    for (const kind of ["secrets", "configs"] as const)
        for (const [key, object] of Object.entries(config[kind] ?? {}))
            if (object.file !== undefined && config[kind])
                config[kind][key] = { external: "true", name: `${object.name ?? `${STACK}_${key}`}_HASH` };
    return config;
}

function withoutHashes(config: Config): Config {
    const text = JSON.stringify(config).replace(/(_[\w.-]*|nginx)_[0-9a-f]{12}"/g, '$1_HASH"');
    return JSON.parse(text) as Config;
}

function render(text: string, folder: string, publish: PublishMode, encrypted = false) {
    const files = (path: string) => {
        try {
            return readFileSync(resolve(folder, path), "utf8");
        } catch {
            return undefined;
        }
    };
    return renderStack({ text, stack: STACK, publish, encrypted, variables: VARIABLES, files });
}

/** The one form of a variable that Docker's command line refuses, as it would read it. */
function forDocker(text: string): string {
    return text.replace("${SET:+replaced}", "replaced");
}

const FOLDERS = ["compose", "compose-forms"].map((name) => join(CASES, name));
const composeFiles = (folder: string) => readdirSync(folder).filter((name) => name.endsWith(".yaml"));

/** Whether this machine has what the tests need. */
function dockerReadsFiles(): boolean {
    if (spawnSync("docker", ["stack", "config", "--help"]).status === 0) return true;
    console.log("      skipped: this machine has no docker that knows `docker stack config`");
    return false;
}

for (const folder of FOLDERS)
    describe(`Docker reads ours as the user's: ${folder.slice(CASES.length + 1)}`, function () {
        this.timeout(60_000);
        before(function () {
            if (!dockerReadsFiles()) this.skip();
        });

        for (const file of composeFiles(folder)) {
            const text = readFileSync(join(folder, file), "utf8");
            for (const publish of ["mesh", "host"] as const)
                it(`${file}, ${publish === "mesh" ? "with the mesh" : "without a mesh"}`, () => {
                    const { compose, problems } = render(text, folder, publish);
                    const refused = publish === "host" && file === "start-first.yaml";
                    assert.deepEqual(problems.length, refused ? 1 : 0, JSON.stringify(problems));
                    // On the host there are no variables: all must be filled in, and each dollar sign written twice.
                    const ours = withoutHashes(dockerReads(compose, "/", {}));
                    const theirs = dockerReads(forDocker(text), folder, VARIABLES);
                    assert.deepEqual(ours, expected(theirs, publish));
                });

            it(`${file}, rendered twice, stays what it is`, () => {
                const { compose } = render(text, folder, "host");
                assert.equal(render(compose, folder, "host").compose, compose);
            });

            it(`${file}, with encrypted networks, differs in these only`, () => {
                const read = (encrypted: boolean) =>
                    dockerReads(render(text, folder, "mesh", encrypted).compose, "/", {});
                const plain = read(false);
                const encrypted = read(true);
                for (const [name, network] of Object.entries(encrypted.networks ?? {})) {
                    if (network?.driver_opts?.encrypted !== "true") continue;
                    delete network.driver_opts.encrypted;
                    if (Object.keys(network.driver_opts).length === 0) delete network.driver_opts;
                    if (name === "default") delete encrypted.networks?.default;
                }
                if (Object.keys(encrypted.networks ?? {}).length === 0) delete encrypted.networks;
                assert.deepEqual(encrypted, plain);
            });
        }
    });

describe("Docker reads values of variables as they are", function () {
    this.timeout(60_000);
    before(function () {
        if (!dockerReadsFiles()) this.skip();
    });

    const STYLES = ["${V}", '"${V}"', "'${V}'", "|-\n        ${V}", ">-\n        ${V}", "\n        ${V}"];
    const NASTY = [
        ...[
            "yes",
            "off",
            "0400",
            "1_000",
            "0x1f",
            "1e3",
            "61e9540",
            "null",
            "~",
            "",
            "1.10",
            ".inf",
            "2020-01-01",
        ],
        ...[
            "- a",
            "a: b",
            "a:",
            "#",
            " #x",
            "a #b",
            "'",
            '"',
            "!x",
            "&a",
            "*a",
            "%a",
            "@a",
            "`a`",
            "{a}",
            "[a]",
            "?",
        ],
        ...[
            "$",
            "$$",
            "$A",
            "${A}",
            "$${A}",
            "\\",
            "\\n",
            "\t",
            " a ",
            "<<",
            "=",
            "12:30:45",
            "+1",
            "é\u00a0日本🐝",
        ],
    ];

    it("in every style of YAML, alone and inside a text", () => {
        const values = NASTY.flatMap((value) => [value, `a${value}b`, `${value} ${value}`]);
        const sample = [...values, ...fc.sample(fc.string({ unit: "grapheme", maxLength: 20 }), 300)];
        const safe = sample.map((value) => value.replaceAll("\0", " "));
        const cases = safe.flatMap((value) => STYLES.map((style) => ({ value, style })));
        const lines = cases.map(({ style }, index) => `      K${index}: ${style.replace("V", `V${index}`)}`);
        const variables = Object.fromEntries(cases.map(({ value }, index) => [`V${index}`, value]));
        const text = `services:\n  web:\n    image: x\n    environment:\n${lines.join("\n")}\n`;
        const inputs = { stack: STACK, publish: "mesh", encrypted: false } as const;
        const { compose, problems } = renderStack({ text, variables, ...inputs });
        assert.deepEqual(problems, []);
        const { environment } = dockerReads(compose, "/", {}).services.web ?? {};
        for (const [index, { value, style }] of cases.entries())
            assert.equal(environment?.[`K${index}`], value, `${JSON.stringify(value)} in ${style}`);
    });

    it("with line ends of Windows as with others", () => {
        for (const folder of FOLDERS)
            for (const file of composeFiles(folder)) {
                const text = readFileSync(join(folder, file), "utf8");
                const windows = render(text.replaceAll("\n", "\r\n"), folder, "host");
                assert.deepEqual(
                    dockerReads(windows.compose, "/", {}),
                    dockerReads(render(text, folder, "host").compose, "/", {}),
                    file,
                );
            }
    });
});
