// Compose files that people deploy, after public reports: test/cases/compose/README.md says what is right for each.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { ComposeInputs } from "../../planning/compose";
import { render, rendered } from "../support/compose";

const FOLDER = join(__dirname, "../cases/compose");
const VARIABLES = { IMAGE: "shop/web:1", VERSION: "1.2", SUFFIX: "7", EMPTY: "", SET: "set" };
const read = (file: string) => readFileSync(join(FOLDER, file), "utf8");
const files = (path: string) => {
    try {
        return read(path);
    } catch {
        return undefined;
    }
};
const inputs = (more: Partial<ComposeInputs>) => ({ variables: VARIABLES, files, ...more });
const of = (file: string, more: Partial<ComposeInputs> = {}) => render(read(file), inputs(more));
const dataOf = <T>(file: string, more: Partial<ComposeInputs> = {}) => rendered<T>(read(file), inputs(more));
const MODES = ["mesh", "host"] as const;

interface File {
    version?: string;
    services: Record<string, Service>;
    secrets: Record<string, { external: boolean; name?: string }>;
    configs: Record<string, { external: boolean; name?: string }>;
    networks: Record<string, unknown>;
}
interface Service {
    hostname?: string;
    environment: Record<string, string>;
    env_file?: string;
    ports?: { target: number; published?: number; protocol?: string; mode: string }[];
    secrets?: { mode: number }[];
    healthcheck: { test: string[]; start_interval?: string };
    deploy: {
        replicas?: number;
        mode?: string;
        endpoint_mode?: string;
        labels?: object;
        update_config?: object;
        restart_policy?: object;
        resources?: { limits: { memory: string } };
        placement?: { constraints: string[] };
    };
}

describe("A compose file that people deploy", () => {
    it("octal-mode.yaml: a mode is octal, as it is written", () => {
        assert.match(of("octal-mode.yaml").compose, /mode: 0400\b/);
        assert.equal(dataOf<File>("octal-mode.yaml").services.db?.secrets?.[0]?.mode, 256);
    });

    it("dollar.yaml: two dollar signs stay two, and nothing is filled in behind them", () => {
        for (const publish of MODES) {
            const variables = { ...VARIABLES, POSTGRES_USER: "no", HOSTNAME: "no" };
            const { services } = dataOf<File>("dollar.yaml", { publish, variables });
            assert.deepEqual(services.db?.healthcheck.test, [
                "CMD-SHELL",
                'test -n "$${POSTGRES_USER}" && echo $$HOSTNAME',
            ]);
        }
    });

    it("short-ports.yaml: every form of a port is published with the mesh and without", () => {
        const mesh = dataOf<File>("short-ports.yaml").services.web;
        assert.deepEqual(mesh?.ports, ["18080:80", "18053:53/udp", 9]);
        const host = dataOf<File>("short-ports.yaml", { publish: "host" }).services.web;
        assert.deepEqual(host?.ports, [
            { target: 80, published: 18080, protocol: "tcp", mode: "host" },
            { target: 53, published: 18053, protocol: "udp", mode: "host" },
            { target: 9, protocol: "tcp", mode: "host" },
        ]);
        assert.equal(host?.deploy.endpoint_mode, "dnsrr");
    });

    it("merge.yaml: what comes by a merge is there, and its port follows the publish mode", () => {
        for (const publish of MODES) {
            const { web, other } = dataOf<File>("merge.yaml", { publish }).services;
            assert.equal(web?.deploy.replicas, 3);
            assert.equal(web?.deploy.resources?.limits.memory, "64M");
            assert.deepEqual(web?.deploy.placement?.constraints, ["node.role == worker"]);
            assert.equal(web?.ports?.[0]?.mode, publish === "host" ? "host" : undefined);
            assert.equal(web?.deploy.endpoint_mode, publish === "host" ? "dnsrr" : undefined);
            assert.deepEqual([other?.deploy.replicas, other?.deploy.labels], [2, { team: "shop" }]);
            assert.equal(other?.deploy.endpoint_mode, publish === "host" ? "dnsrr" : undefined);
        }
    });

    it("numbers.yaml: digits, letters and quotes are as they were written", () => {
        for (const publish of MODES)
            for (const line of ["GUILD: 1147053346671102335", "COMMIT: 61e9540", 'LIMIT: "1_000"'])
                assert.ok(of("numbers.yaml", { publish }).compose.includes(`\n      ${line}\n`), line);
    });

    it("external.yaml: external ones stay external, and a file's labels and template driver stay with it", () => {
        const { secrets, configs, networks } = dataOf<File>("external.yaml");
        assert.deepEqual(secrets, { db: { external: true } });
        assert.deepEqual(networks, { backbone: { external: true } });
        const name = configs.motd?.name ?? "";
        assert.match(name, /^shop_motd_[0-9a-f]{12}$/);
        assert.deepEqual(configs, { motd: { external: true, name } });
        const rendering = of("external.yaml");
        assert.deepEqual(rendering.secrets, {});
        assert.deepEqual(rendering.configs[name], {
            value: "Welcome to {{.Node.Hostname}}\n",
            labels: { owner: "shop" },
            templateDriver: "golang",
        });
    });

    it("start-interval.yaml: a file without a version gets none, so that all keys are known", () => {
        const { version, services } = dataOf<File>("start-interval.yaml");
        assert.equal(version, undefined);
        assert.equal(services.web?.healthcheck.start_interval, "2s");
    });

    it("variables.yaml: all forms are filled in, and the file of the environment is read", () => {
        const web = dataOf<File>("variables.yaml").services.web;
        assert.equal(web?.hostname, "web-7");
        assert.deepEqual(web?.environment, { A: "default", B: "default", C: "replaced", FROM_FILE: "yes" });
        assert.equal(web?.env_file, undefined);
        const { problems } = of("variables.yaml", { variables: {} });
        assert.deepEqual(
            problems.map(({ line, path, text }) => [line, path, text]),
            [[3, "shop.yaml", "the variable IMAGE is needed: an image is needed"]],
        );
    });

    it("one-shot.yaml: tasks that end and services of some nodes stay what they are", () => {
        const { migrate, gpu } = dataOf<File>("one-shot.yaml", { publish: "host" }).services;
        assert.deepEqual(migrate?.deploy.restart_policy, { condition: "none" });
        assert.equal(gpu?.deploy.mode, "global");
        assert.deepEqual(
            of("one-shot.yaml").services.map(({ name, mode, replicas }) => [name, mode, replicas]),
            [
                ["migrate", "replicated", 1],
                ["gpu", "global", undefined],
            ],
        );
    });

    it("dies-late.yaml: nothing is said of what only running shows", () => {
        const { problems, warnings } = of("dies-late.yaml");
        assert.deepEqual([problems, warnings], [[], []]);
    });

    it("slow-update.yaml: another variable changes one text and nothing else", () => {
        const before = of("slow-update.yaml").compose;
        const after = of("slow-update.yaml", { variables: { ...VARIABLES, VERSION: "1.3" } }).compose;
        assert.notEqual(before, after);
        assert.equal(before.replace('"1.2"', '"1.3"'), after);
    });

    it("start-first.yaml: refused where nodes publish ports, with the reason and the way out", () => {
        assert.deepEqual(of("start-first.yaml").problems, []);
        const [problem, ...others] = of("start-first.yaml", { publish: "host" }).problems;
        assert.deepEqual([problem?.line, others], [8, []]);
        assert.match(problem?.text ?? "", /start-first update can never begin: .*nodes.*order: stop-first/);
    });
});
