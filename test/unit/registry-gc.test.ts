import assert from "node:assert/strict";

import { skepError } from "../../errors";
import type { SwarmNode, SwarmService, SwarmTask } from "../../planning/engine-api";
import { collectGarbage } from "../../swarm/registry-gc";
import type { PlacedHost } from "../../swarm/checks/check";
import type { Swarm } from "../../swarm/swarm";
import { assertMatches } from "../support/schema";

const READ_ONLY = "REGISTRY_STORAGE_MAINTENANCE_READONLY={enabled: true}";

/** A swarm with the registry on worker-1, whose tasks follow their service at once. */
function registry({ env, fails }: { env?: string[]; fails?: (step: string) => void } = {}) {
    const steps: string[] = [];
    const stop = new AbortController();
    const spec = {
        Name: "registry_registry",
        Mode: { Replicated: { Replicas: 1 } },
        TaskTemplate: { ContainerSpec: { Image: "registry", ...(env && { Env: env }) } },
    };
    const service = { ID: "r1", Spec: spec } as SwarmService;
    const at = (step: string) => {
        steps.push(step);
        fails?.(step);
    };
    const node = { ID: "n1", Version: { Index: 1 }, Spec: { Role: "worker", Availability: "active" } };
    const members = [{ ...node, Status: { State: "ready" } }] as SwarmNode[];
    const swarm = (signal: AbortSignal): Swarm =>
        ({
            ctx: { signal, log: () => undefined },
            during: ({ signal: other = signal }) => swarm(other),
            services: async () => [service],
            members: async () => members,
            clock: async () => Date.now(),
            tasks: async (): Promise<SwarmTask[]> => [
                {
                    ServiceID: "r1",
                    Slot: 1,
                    NodeID: "n1",
                    DesiredState: "running",
                    Spec: structuredClone(service.Spec.TaskTemplate),
                    Status: { State: "running" },
                },
            ],
            change: async (_what: string, _path: string, change: (old: typeof spec) => typeof spec) => {
                service.Spec = change(structuredClone(service.Spec) as typeof spec) as SwarmService["Spec"];
                at(JSON.stringify(service.Spec.TaskTemplate.ContainerSpec?.Env ?? "no variables"));
            },
        }) as unknown as Swarm;
    const script = async (_script: string, { MODE = "" }) => {
        at(MODE);
        return { removed: 2, freed: 4096 };
    };
    const hosts = [
        { nodeId: "n1", zone: "a", host: { name: "worker-1", script } },
    ] as unknown as PlacedHost[];
    return { steps, stop, service, run: () => collectGarbage(swarm(stop.signal), hosts, () => undefined) };
}

describe("A garbage collection of the registry", function () {
    this.timeout(30_000);

    it("runs while the registry is read-only, and leaves its service as Pulumi knows it", async () => {
        const { run, steps, service } = registry();
        const before = structuredClone(service.Spec);
        const collected = await run();
        assertMatches("registry-gc", collected);
        assert.deepEqual(steps, ["check", JSON.stringify([READ_ONLY]), "collect", "stop", '"no variables"']);
        assert.deepEqual(service.Spec, before);
    });

    it("keeps the variables that the service has, and mends what a killed collection left", async () => {
        const { run, service } = registry({ env: ["A=1", READ_ONLY] });
        await run();
        assert.deepEqual(service.Spec.TaskTemplate.ContainerSpec?.Env, ["A=1"]);
    });

    it("makes the registry writable again after a failure", async () => {
        const { run, steps } = registry({
            fails: (step) => {
                if (step === "collect") throw skepError("GC_FAILED", "On worker-1: it failed.", "");
            },
        });
        await assert.rejects(run(), /GC_FAILED/);
        assert.deepEqual(steps.slice(-3), ["collect", "stop", '"no variables"']);
    });

    it("makes it writable after an interrupt, without waiting for its task", async () => {
        const { run, steps, stop } = registry({
            fails: (step) => {
                if (step !== "collect") return;
                stop.abort();
                throw skepError("CANCELLED", "Interrupted.", "");
            },
        });
        await assert.rejects(run(), /CANCELLED/);
        assert.equal(steps.at(-1), '"no variables"');
    });

    it("leaves it alone while another collection is at work", async () => {
        const { run, steps } = registry({
            fails: () => {
                throw skepError("REGISTRY_BUSY", "On worker-1: it is at work.", "");
            },
        });
        await assert.rejects(run(), /REGISTRY_BUSY/);
        assert.deepEqual(steps, ["check"]);
    });

    it("says that the swarm has no registry", async () => {
        const { run, service } = registry();
        service.Spec.Name = "another";
        await assert.rejects(run(), /REGISTRY_NO_TASK: /);
    });

    it("leaves it read-only while a collection cannot be stopped, and says what mends it", async () => {
        const { run, service } = registry({
            fails: (step) => {
                if (step === "stop") throw skepError("HOST_TIMEOUT", "worker-1 did not answer.", "");
            },
        });
        await assert.rejects(
            run(),
            /REGISTRY_READ_ONLY: .*worker-1 did not answer\. Run skep registry gc again, or up/,
        );
        assert.deepEqual(service.Spec.TaskTemplate.ContainerSpec?.Env, [READ_ONLY]);
    });
});
