// The provider runtime over real gRPC: what Pulumi sends and gets.
import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import * as rpc from "@pulumi/pulumi/proto/provider_pb";
import { Status } from "@pulumi/pulumi/proto/status_pb";
import { skepError } from "../../errors";
import { buildPlugin } from "../../providers/bundle/build";
import {
    NotConverged,
    UNKNOWN,
    type Props,
    type Provider,
    type Resource,
} from "../../providers/runtime/types";
import { encode, fromStruct, secret } from "../../providers/runtime/wire";
import { failureOf, TestPulumi } from "./support";

const TYPE = "test:index:Thing";
const UNKNOWN_WIRE = encode(UNKNOWN);

function provider(resource: Partial<Resource>, rest: Partial<Provider> = {}): Provider {
    const create: Resource["create"] = async (inputs) => ({ id: "id-1", outs: { made: inputs.size } });
    return { name: "test", version: "1.2.3", resources: { [TYPE]: { create, ...resource } }, ...rest };
}

describe("a provider on the runtime", () => {
    let pulumi: TestPulumi;

    async function start(resource: Partial<Resource>, rest: Partial<Provider> = {}): Promise<void> {
        pulumi = await TestPulumi.inProcess(provider(resource, rest));
        await pulumi.handshake();
    }

    afterEach(() => pulumi.stop());

    it("checks: gives back what it got plus defaults, secrets still marked, and drops nulls", async () => {
        await start({ defaults: { port: 22 } });
        const { inputs, failures } = await pulumi.check(TYPE, { key: secret("k"), none: null });
        assert.deepEqual(inputs, { key: secret("k"), port: 22 });
        assert.deepEqual(failures, []);
    });

    it("checks: names everything that is missing at once, and lets unknown values pass", async () => {
        await start({ required: ["a", "b", "c"] });
        const { failures } = await pulumi.check(TYPE, { b: UNKNOWN_WIRE });
        assert.deepEqual(failures, ["a: Missing required property 'a'", "c: Missing required property 'c'"]);
    });

    it("checks: asks the resource only when nothing required is missing", async () => {
        await start({ required: ["a"], check: (inputs) => [{ property: "a", reason: `not ${inputs.a}` }] });
        assert.deepEqual((await pulumi.check(TYPE, { a: 1 })).failures, ["a: not 1"]);
        assert.equal((await pulumi.check(TYPE, {})).failures.length, 1);
    });

    it("previews a create: inputs as they are, computed outputs unknown, nothing made", async () => {
        let calls = 0;
        const create = async () => ({ id: String((calls += 1)), outs: {} });
        await start({ computed: ["address", "token"], secretOutputs: ["token"], create });
        const { outs, id } = await pulumi.create(TYPE, { size: 3 }, { preview: true });
        assert.deepEqual(outs, { size: 3, address: UNKNOWN_WIRE, token: secret(UNKNOWN_WIRE) });
        assert.equal(id, "");
        assert.equal(calls, 0);
    });

    it("previews an update: stable outputs stay known, the others become unknown", async () => {
        await start({ computed: ["nodeId", "state"], stable: ["nodeId"], update: async () => ({}) });
        const outs = await pulumi.update(TYPE, "1", { nodeId: "n", state: "ready" }, { size: 2 }, true);
        assert.deepEqual(outs, { size: 2, nodeId: "n", state: UNKNOWN_WIRE });
    });

    it("creates: the handler sees plain values, the state keeps secrets secret", async () => {
        let seen: Props = {};
        const create: Resource["create"] = async (inputs, ctx) => {
            seen = { ...inputs, name: ctx.name, hidden: [...(ctx.secretInputs ?? [])] };
            return { id: "1", outs: { token: "t", plain: "p" } };
        };
        await start({ create, secretOutputs: ["token"] });
        const { outs } = await pulumi.create(TYPE, { password: secret("pw"), size: 1 });
        assert.deepEqual(seen, { password: "pw", size: 1, name: "it", hidden: ["password"] });
        assert.deepEqual(outs, { password: secret("pw"), size: 1, token: secret("t"), plain: "p" });
    });

    it("creates: what was computed from a secret becomes secret", async () => {
        await start({ computed: ["made"], taintFrom: ["size"] });
        assert.deepEqual((await pulumi.create(TYPE, { size: secret(1) })).outs.made, secret(1));
        assert.deepEqual((await pulumi.create(TYPE, { size: 1 })).outs.made, 1);
    });

    it("asks Pulumi to refresh before updates where the resource wants it", async () => {
        await start({ refreshBeforeUpdate: true });
        assert.equal((await pulumi.create(TYPE, {})).refresh, true);
    });

    it("keeps a resource that has not converged in state, with its outputs, reasons and refresh", async () => {
        const create = () =>
            Promise.reject(new NotConverged("n-1", { token: "t" }, ["too slow", "too small"]));
        await start({ create, secretOutputs: ["token"], refreshBeforeUpdate: true });
        const failure = await failureOf(pulumi.create(TYPE, { size: 1 }));
        assert.equal(failure.details, "too slow; too small");

        const [bytes] = failure.metadata.get("grpc-status-details-bin");
        const [any] = Status.deserializeBinary(bytes as Buffer).getDetailsList();
        const deserialize = rpc.ErrorResourceInitFailed.deserializeBinary;
        const detail = any?.unpack(deserialize, "pulumirpc.ErrorResourceInitFailed");
        assert.equal(detail?.getId(), "n-1");
        assert.deepEqual(detail?.getReasonsList(), ["too slow", "too small"]);
        assert.deepEqual(fromStruct(detail?.getProperties()), { size: 1, token: secret("t") });
        assert.equal(detail?.getRefreshBeforeUpdate(), true);
    });

    it("gives up after the time that customTimeouts set, and says that it was over", async () => {
        const create: Resource["create"] = (_inputs, { signal }) =>
            new Promise((_done, failed) =>
                signal.addEventListener("abort", () => failed(new Error("the host is not ready"))),
            );
        await start({ create });
        const failure = await failureOf(pulumi.create(TYPE, {}, { seconds: 0.05 }));
        assert.equal(
            failure.details,
            "not done within the 0.05 seconds of customTimeouts: the host is not ready",
        );
    });

    it("hides the secrets that a resource had before the update, in reasons, details and log lines", async () => {
        const update: Resource["update"] = (id, olds, _inputs, ctx) => {
            ctx.log(`leaving ${olds.unlockKey}`);
            return Promise.reject(new NotConverged(id, {}, [`${olds.unlockKey} is refused`]));
        };
        await start({ update });
        const olds = { unlockKey: secret("SWMKEY-before") };
        const failure = await failureOf(
            pulumi.update(TYPE, "1", olds, { unlockKey: secret("SWMKEY-after") }),
        );
        assert.equal(failure.details, "[secret] is refused");
        const [bytes] = failure.metadata.get("grpc-status-details-bin");
        // The properties are the new ones. They go into the state, where they are marked as secret.
        assert.doesNotMatch(String(bytes), /SWMKEY-before/);
        assert.deepEqual(
            pulumi.logged
                .filter((line) => line.includes("leaving"))
                .map((line) => /leaving.*/.exec(line)?.[0]),
            ["leaving [secret]"],
        );
    });

    it("says an error's message only: no stack, no secret", async () => {
        const create: Resource["create"] = (inputs) =>
            Promise.reject(new Error(`login with ${inputs.password} failed`));
        await start({ create });
        const failure = await failureOf(pulumi.create(TYPE, { password: secret("hunter22") }));
        assert.equal(failure.details, "login with [secret] failed");
    });

    it("says a Skep error as id, sentence and advice", async () => {
        await start({
            create: () => Promise.reject(skepError("QUORUM_LOST", "Two are gone.", "Bring one back.")),
        });
        const failure = await failureOf(pulumi.create(TYPE, {}));
        assert.equal(failure.details, "QUORUM_LOST: Two are gone. Bring one back.");
    });

    it("shows log lines under the resource before the operation ends, without secrets", async () => {
        const create: Resource["create"] = async (inputs, ctx) => {
            for (let n = 1; n <= 20; n += 1) ctx.log(`line ${n} ${inputs.password}`);
            return { id: "1", outs: {} };
        };
        await start({ create });
        await pulumi.create(TYPE, { password: secret("hunter22") });
        assert.deepEqual(pulumi.logged.slice(0, 2), ["line 1 [secret]", "line 2 [secret]"]);
        assert.equal(pulumi.logged.length, 20);
    });

    it("gives delete and read the newest of the inputs that cause no update", async () => {
        const seen: Props[] = [];
        await start({
            ignoreInDiff: ["endpoints"],
            read: async (id, state) => ({ id, outs: (seen.push(state), state) }),
            delete: async (_id, state) => void seen.push(state),
        });
        const state = { endpoints: ["old"], size: 1 };
        await pulumi.read(TYPE, "1", state, { endpoints: ["new"], size: 2 });
        await pulumi.delete(TYPE, "1", state, { endpoints: ["new"], size: 2 });
        assert.deepEqual(seen, [
            { endpoints: ["new"], size: 1 },
            { endpoints: ["new"], size: 1 },
        ]);
    });

    it("reads: an empty answer means gone", async () => {
        await start({ read: async () => ({}) });
        assert.equal((await pulumi.read(TYPE, "1", { size: 1 })).id, "");
    });

    it("reads: without a read of its own, everything stays as it is", async () => {
        await start({});
        const { id, outs, inputs } = await pulumi.read(TYPE, "1", { size: secret(1) }, { size: secret(1) });
        assert.deepEqual([id, outs, inputs], ["1", { size: secret(1) }, { size: secret(1) }]);
    });

    it("reads: inputs that it gives back keep the secrets of those in state", async () => {
        await start({ read: async (id, state) => ({ id, outs: state, inputs: { ...state, size: 2 } }) });
        const wire = { password: secret("pw"), size: 1 };
        const { inputs } = await pulumi.read(TYPE, "1", wire, wire);
        assert.deepEqual(inputs, { password: secret("pw"), size: 2 });
    });

    it("diffs: shows what changed, what it replaces, and what only drifted", async () => {
        await start({
            update: async () => ({}),
            replaceOn: ["name"],
            deleteBeforeReplace: true,
            drift: (state, inputs) => (state.size === inputs.size ? [] : ["size"]),
        });
        const response = await pulumi.diff(TYPE, { name: "a", size: 1 }, { name: "b", size: 1 }, { size: 9 });
        assert.deepEqual(response.getDiffsList(), ["name", "size"]);
        assert.deepEqual(response.getReplacesList(), ["name"]);
        assert.equal(response.getDeletebeforereplace(), true);
        const detailed = response.getDetaileddiffMap();
        assert.equal(detailed.get("name")?.getKind(), rpc.PropertyDiff.Kind.UPDATE_REPLACE);
        assert.equal(detailed.get("size")?.getInputdiff(), false);
    });

    it("hands configuration to handlers and functions", async () => {
        const functions: Provider["functions"] = {
            "test:index:f": async (args, { config }) => ({ args, config }),
        };
        await start({}, { functions });
        await pulumi.configure({ nested: '{"a":1}', key: secret("k") });
        const result = await pulumi.invoke("test:index:f", { x: 1 });
        assert.deepEqual(result, { args: { x: 1 }, config: { nested: { a: 1 }, key: "k" } });
    });

    it("names a type or function that it does not have", async () => {
        await start({}, { unknownToken: (token) => `${token} is not covered` });
        assert.equal(
            (await failureOf(pulumi.create("test:index:Other", {}))).details,
            "test:index:Other is not covered",
        );
        assert.equal(
            (await failureOf(pulumi.invoke("test:index:g", {}))).details,
            "test:index:g is not covered",
        );
    });

    it("cancels: running handlers are told, new work is refused", async () => {
        const create: Resource["create"] = (_inputs, ctx) =>
            new Promise((_resolve, reject) =>
                ctx.signal.addEventListener("abort", () => reject(new Error("stopped"))),
            );
        await start({ create, delete: async () => undefined });
        const running = failureOf(pulumi.create(TYPE, {}));
        await sleep(50);
        await pulumi.cancel();
        assert.equal((await running).details, "stopped");
        assert.equal((await failureOf(pulumi.delete(TYPE, "1", {}))).details, "cancelled");
    });
});

describe("a provider's process", () => {
    let folder: string;
    let plugin: string;

    before(async function () {
        this.timeout(30_000);
        folder = await mkdtemp(join(tmpdir(), "skep-plugin-"));
        plugin = join(folder, "pulumi-resource-random");
        await buildPlugin(resolve(__dirname, "../../offline/plugins/random.ts"), plugin);
    });

    after(() => rm(folder, { recursive: true, force: true }));

    it("lives through a terminal's interrupt while Pulumi is connected, and ends when it hangs up", async () => {
        const { pulumi, child } = await TestPulumi.spawned(plugin, []);
        await pulumi.handshake();
        child.kill("SIGINT");
        await sleep(300);
        await pulumi.handshake();
        pulumi.hangUp();
        const [code] = await once(child, "exit");
        assert.equal(code, 0);
    });

    it("ends at once by Pulumi's interrupt after it has hung up", async () => {
        const { pulumi, child } = await TestPulumi.spawned(plugin, []);
        await pulumi.handshake();
        pulumi.hangUp();
        await sleep(100);
        const asked = Date.now();
        child.kill("SIGINT");
        const [code] = await once(child, "exit");
        assert.equal(code, 0);
        assert.ok(Date.now() - asked < 500, `took ${Date.now() - asked} ms`);
    });

    it("ends by SIGTERM", async () => {
        const { pulumi, child } = await TestPulumi.spawned(plugin, []);
        await pulumi.handshake();
        child.kill("SIGTERM");
        const [code] = await once(child, "exit");
        assert.equal(code, 0);
        await pulumi.stop();
    });

    it("ends when the process that started it is killed", async function () {
        this.timeout(10_000);
        const parent = join(folder, "parent.cjs");
        const code = `
            const child = require("node:child_process").spawn(${JSON.stringify(plugin)}, [], { detached: true });
            child.stdout.once("data", () => console.log(child.pid));
        `;
        await writeFile(parent, code);
        const { pid, parentProcess } = await startParent(parent);
        assert.equal(isAlive(pid), true);
        parentProcess.kill("SIGKILL");
        const deadline = Date.now() + 5000;
        while (isAlive(pid) && Date.now() < deadline) await sleep(50);
        assert.equal(isAlive(pid), false);
    });
});

async function startParent(script: string) {
    const { spawn } = await import("node:child_process");
    const parentProcess = spawn(process.execPath, [script], { stdio: ["ignore", "pipe", "inherit"] });
    const [line] = (await once(parentProcess.stdout, "data")) as [Buffer];
    return { pid: Number(line.toString().trim()), parentProcess };
}

function isAlive(pid: number): boolean {
    try {
        process.kill(pid, 0);
        return true;
    } catch {
        return false;
    }
}
