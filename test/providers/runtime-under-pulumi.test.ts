// The provider runtime under the real Pulumi: drift, things that have not converged, inputs that cause no update.
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import * as auto from "@pulumi/pulumi/automation";
import { buildPlugin } from "../../providers/bundle/build";

const ROOT = process.env.SKEP_PULUMI_ROOT;

interface ThingArgs {
    path: string;
    size: number;
    endpoints: string[];
}

class Thing extends pulumi.CustomResource {
    declare readonly token: pulumi.Output<string>;

    constructor(name: string, args: ThingArgs, options?: pulumi.CustomResourceOptions) {
        super("fixture:index:Thing", name, { ...args, token: undefined }, options);
    }
}

describe("a provider on the runtime under the real Pulumi", function () {
    this.timeout(120_000);
    let folder: string;
    let stack: auto.Stack;
    let args: ThingArgs;
    let options: pulumi.CustomResourceOptions;

    before(async function () {
        if (!ROOT || !existsSync(join(ROOT, "bin/pulumi"))) {
            console.log("      skipped: SKEP_PULUMI_ROOT names no folder that contains bin/pulumi");
            return this.skip();
        }
        folder = await mkdtemp(join(tmpdir(), "skep-runtime-"));
        await mkdir(join(folder, "state"));
        await buildPlugin(
            join(__dirname, "fixture-provider.ts"),
            join(folder, "plugin/pulumi-resource-fixture"),
        );
        args = { path: join(folder, "thing"), size: 1, endpoints: ["first"] };
        options = {};
        stack = await createStack();
    });

    after(async () => {
        if (!folder) return;
        await rm(folder, { recursive: true, force: true });
    });

    async function createStack(): Promise<auto.Stack> {
        const program = async () => ({ token: new Thing("thing", args, options).token });
        return auto.LocalWorkspace.createOrSelectStack(
            { stackName: "runtime", projectName: "skep-test", program },
            {
                pulumiCommand: await auto.PulumiCommand.get({ root: ROOT, skipVersionCheck: true }),
                projectSettings: {
                    name: "skep-test",
                    runtime: "nodejs",
                    plugins: { providers: [{ name: "fixture", path: join(folder, "plugin") }] },
                } as auto.ProjectSettings,
                envVars: {
                    PULUMI_HOME: join(folder, "home"),
                    PULUMI_BACKEND_URL: `file://${join(folder, "state")}`,
                    PULUMI_CONFIG_PASSPHRASE: "test",
                    PULUMI_SKIP_UPDATE_CHECK: "1",
                    PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true",
                },
            },
        );
    }

    async function upChanges(): Promise<auto.OpMap | undefined> {
        return (await stack.up()).summary.resourceChanges as auto.OpMap | undefined;
    }

    async function failureOfUp(): Promise<string> {
        try {
            await stack.up();
        } catch (error) {
            return (error as Error).message;
        }
        throw new Error("up succeeded");
    }

    it("previews without making anything", async () => {
        assert.deepEqual((await stack.preview()).changeSummary, { create: 2 });
        assert.equal(existsSync(args.path), false);
    });

    it("makes a thing, and then finds nothing to do", async () => {
        const { outputs } = await stack.up();
        assert.deepEqual(outputs.token, { value: "token-of-1", secret: true });
        assert.deepEqual(await upChanges(), { same: 2 });
    });

    it("sees drift in a plain preview, and repairs it in a plain up", async () => {
        await writeFile(args.path, JSON.stringify({ size: 7 }));
        const preview = await stack.preview();
        assert.deepEqual(preview.changeSummary, { same: 1, update: 1 });
        assert.match(preview.stdout, /~size/);
        assert.deepEqual(await upChanges(), { same: 1, update: 1 });
        assert.deepEqual(JSON.parse(await readFile(args.path, "utf8")), { size: 1 });
        assert.deepEqual(await upChanges(), { same: 2 });
    });

    it("makes again what someone has removed, in a plain up", async () => {
        await rm(args.path);
        assert.deepEqual((await stack.preview()).changeSummary, { same: 1, create: 1 });
        await stack.up();
        assert.equal(existsSync(args.path), true);
    });

    it("keeps a thing that has not converged, says why, and tries again without any change", async () => {
        args.size = 2;
        await writeFile(`${args.path}.slow`, "");
        const failure = await failureOfUp();
        assert.match(failure, /the thing is slow/);
        assert.match(failure, /wait for it/);
        assert.match(await failureOfUp(), /the thing is (still )?slow/);
        await rm(`${args.path}.slow`);
        assert.deepEqual(await upChanges(), { same: 1, update: 1 });
        assert.deepEqual(await upChanges(), { same: 2 });
    });

    it("honours ignoreChanges", async () => {
        options = { ignoreChanges: ["size"] };
        args.size = 3;
        assert.deepEqual(await upChanges(), { same: 2 });
        options = {};
        args.size = 2;
    });

    it("does not update for an input that is no reason to, and deletes by its newest value", async () => {
        args.endpoints = ["second"];
        assert.deepEqual(await upChanges(), { same: 2 });
        await stack.destroy();
        assert.equal(await readFile(`${args.path}.log`, "utf8"), "deleted by second\n");
        assert.equal(existsSync(args.path), false);
    });
});
