// The user's own stacks: their settings, their files, their images and their secrets, all refused at once before anything
// changes.

import assert from "node:assert/strict";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { imageOf } from "../../cli/stack/builds";
import { loadStacks } from "../../cli/stack/stacks";
import { checkSettings, type ReadySettings } from "../../config/settings";
import { secretProblems, type StackSettings } from "../../config/stacks";
import { declare, SECRET_MARK } from "../support/declared";

const isSecret = (value: unknown) => typeof value === "object" && value !== null && SECRET_MARK in value;

const COMPOSE = `services:
  web:
    image: shop/web:\${TAG:-1}
    ports: ["8181:80"]
`;

describe("Stacks of the user's own", () => {
    let folder: string;
    beforeEach(() => (folder = mkdtempSync(join(tmpdir(), "skep-stacks-"))));
    afterEach(() => rmSync(folder, { recursive: true }));

    const write = (name: string, text: string) => {
        mkdirSync(join(folder, name, ".."), { recursive: true });
        writeFileSync(join(folder, name), text);
        return join(folder, name);
    };
    const load = (stacks: Record<string, object>, environment: Record<string, string> = {}) => {
        const { settings, problems } = checkSettings("test", { stacks });
        assert.deepEqual(problems, []);
        return loadStacks(settings as ReadySettings, environment);
    };
    const said = async (stacks: Record<string, object>) =>
        (await load(stacks)).problems.map(({ id, problem }) => `${id} ${problem}`);

    it("take variables from their settings first, then from the environment, then from their file", async () => {
        const envFile = write("shop.env", "TAG=file\nOTHER=file\nMORE=file\n");
        const file = write("compose.yaml", COMPOSE);
        const { stacks } = await load(
            { shop: { file, envFile, variables: { TAG: "setting" } } },
            { TAG: "environment", OTHER: "environment" },
        );
        const { TAG, OTHER, MORE } = stacks[0]?.variables ?? {};
        assert.deepEqual([TAG, OTHER, MORE], ["setting", "environment", "file"]);
        assert.deepEqual(stacks[0]?.ports, [8181]);
        assert.equal(stacks[0]?.timeoutSeconds, 180);
    });

    it("are refused with all that is wrong, each with its file and line", async () => {
        const file = write("compose.yaml", `${COMPOSE}    volumes: ["./data:/data"]\n  db: {}\n`);
        const problems = await said({ shop: { file }, gone: { file: join(folder, "none.yaml") } });
        assert.equal(problems.length, 3, problems.join("\n"));
        assert.match(problems[0] ?? "", /^STACK_FILE .*compose\.yaml:5: .*\.\/data/);
        assert.match(problems[1] ?? "", /^STACK_FILE .*compose\.yaml:6: .*neither image nor build/);
        assert.match(problems[2] ?? "", /^STACK_FILE skep:stacks\.gone\.file is .*no such file/);
    });

    it("publish a port once", async () => {
        const file = write("compose.yaml", COMPOSE);
        const registry = write("registry.yaml", COMPOSE.replace("8181", "5000"));
        const problems = await said({ shop: { file }, other: { file }, images: { file: registry } });
        assert.deepEqual(
            problems.map((problem) => problem.replace(/,.*/, "")),
            [
                "PORT_TAKEN The stack other publishes port 8181",
                "PORT_TAKEN The stack images publishes port 5000",
            ],
        );
    });

    it("tell what docker passes over", async () => {
        const file = write("compose.yaml", `${COMPOSE}    privileged: true\n`);
        assert.match(
            (await load({ shop: { file } })).notes.join(),
            /compose\.yaml:5: services\.web\.privileged is ignored/,
        );
    });

    it("need secret settings that are there, and kept as secrets", () => {
        const stacks = {
            shop: { secrets: { db: "shop_db" }, registries: ["ghcr.io"] } as unknown as StackSettings,
        };
        const problems = (pulumi: Record<string, unknown>) =>
            secretProblems(stacks, pulumi).map(({ id, problem }) => `${id} ${problem}`);
        assert.deepEqual(problems({}), [
            "STACK_SECRET The secret setting skep:secrets.shop_db is missing.",
            `STACK_SECRET The secret setting 'skep:logins["ghcr.io"]' is missing.`,
        ]);
        const secure = { secure: "v1:a" };
        const logins = { "ghcr.io": secure };
        assert.deepEqual(problems({ "skep:secrets": { shop_db: "clear" }, "skep:logins": logins }), [
            "STACK_SECRET The secret setting skep:secrets.shop_db is kept in clear.",
        ]);
        assert.deepEqual(problems({ "skep:secrets": { shop_db: secure }, "skep:logins": logins }), []);
    });

    it("cannot have the names of Skep's own", () => {
        for (const name of ["sample", "registry", "Shop", "a/b"]) {
            const { problems } = checkSettings("test", { stacks: { [name]: { file: "compose.yaml" } } });
            assert.equal(problems[0]?.id, "CONFIG_VALUE", name);
        }
    });

    it("have nothing readable in state that may be secret, logins and variables included", async () => {
        const text = `${COMPOSE}    environment: { PASSWORD: "\${PASSWORD}" }\n    secrets: [db]\nsecrets: { db: { environment: DB } }\n`;
        const stack = {
            ...{
                name: "shop",
                file: { text, path: "compose.yaml" },
                images: {},
                ports: [],
                timeoutSeconds: 180,
            },
            ...{
                variables: { PASSWORD: "variable-value" },
                secrets: { db: "shop_db" },
                registries: ["ghcr.io"],
            },
        };
        const given = {
            "skep:secrets": { shop_db: "secret-value" },
            "skep:logins": { "ghcr.io": "user:to:ken" },
        };
        const values = Object.entries(given).map(([key, value]) => [key, JSON.stringify(value)]);
        pulumi.runtime.setAllConfig(Object.fromEntries(values), Object.keys(given));
        const declared = await declare({}, false, {}, {}, undefined, [stack]);
        pulumi.runtime.setAllConfig({});
        const inputs = declared.find(({ name }) => name === "shop-stack")?.inputs ?? {};
        const clear = JSON.stringify(inputs, (_key, value: unknown) => (isSecret(value) ? "secret" : value));
        for (const hidden of ["variable-value", "secret-value", "to:ken"]) {
            assert.ok(!clear.includes(hidden), `${hidden} is readable`);
            assert.ok(JSON.stringify(inputs).includes(hidden), `${hidden} is missing`);
        }
        assert.match(clear, /"web":"shop\/web:1, 1 task"/);
    });

    describe("An image that is built", () => {
        const built = async (section: Parameters<typeof imageOf>[1], variables = {}) => {
            const image = await imageOf("shop-web", section, folder, variables);
            assert.ok(!("wrong" in image), JSON.stringify(image));
            return image;
        };

        it("has another id exactly when something that goes into it changes", async () => {
            write("app/Dockerfile", "FROM none\n");
            write("app/main.py", "print(1)\n");
            write("app/.dockerignore", "*.log\n");
            const { id, ref } = await built("./app");
            assert.equal(ref, `skep-stack/shop-web:${id}`);
            write("app/debug.log", "ignored\n");
            assert.equal((await built({ context: "./app" })).id, id);
            const others = [
                await built({ context: "./app", args: { A: "1" } }),
                await built({ context: "./app", args: ["A"] }, { A: "2" }),
                await built({ context: "./app", target: "test" }),
            ];
            chmodSync(write("app/main.py", "print(1)\n"), 0o755);
            others.push(await built("./app"));
            write("app/main.py", "print(2)\n");
            others.push(await built("./app"));
            assert.equal(new Set([id, ...others.map((other) => other.id)]).size, 6);
        });

        it("is refused for a folder or a Dockerfile that is missing, and for what is not carried out", async () => {
            write("app/main.py", "");
            const wrong = async (section: Parameters<typeof imageOf>[1]) => {
                const found = await imageOf("shop-web", section, folder, {});
                return "wrong" in found ? found.wrong.join("; ") : "";
            };
            assert.match(await wrong("./gone"), /build\.context \.\/gone is no folder/);
            assert.match(await wrong("./app"), /there is no .*app\/Dockerfile/);
            assert.match(
                await wrong({ context: "./app", ssh: ["default"] }),
                /build\.ssh is not carried out/,
            );
        });
    });
});
