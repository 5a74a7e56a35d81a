// How Skep reads the engine's answer about a lab's hosts, and what a standing host keeps.

import assert from "node:assert/strict";
import type { ContainerInspectInfo } from "dockerode";
import { GATEWAY, PROJECT_LABEL, ROLE_LABEL, STACK_LABEL } from "../../planning/labels";
import { refuseTooManyHosts } from "../../lab/capacity";
import { labGateway, labHost, type LabHost, labHosts } from "../../lab/hosts";
import { standingPorts } from "../../lab/standing";
import { FakeEngine } from "../support/fake-engine";

const NOW = Date.parse("2026-01-01T12:00:00Z");
const ago = (seconds: number) => new Date(NOW - seconds * 1000).toISOString();

interface Found {
    status?: string;
    restarting?: boolean;
    restarts?: number;
    startedAgo?: number;
    createdAgo?: number;
}

function host({ status = "running", restarting = false, restarts = 0, ...times }: Found = {}): LabHost {
    const { startedAgo = 3600, createdAgo = 3600 } = times;
    const info = {
        Id: "id",
        Name: "/skep-dev-worker-1",
        Created: ago(createdAgo),
        RestartCount: restarts,
        State: {
            Status: status,
            Running: status === "running" || restarting,
            Restarting: restarting,
            StartedAt: ago(startedAgo),
        },
        HostConfig: {
            PortBindings: {
                "22/tcp": [{ HostIp: "127.0.0.1", HostPort: "25010" }],
                "8080/tcp": [{ HostIp: "127.0.0.1", HostPort: "25110" }],
                "5000/tcp": [{ HostIp: "127.0.0.1", HostPort: "25160" }],
            },
        },
    };
    return labHost("dev", info as unknown as ContainerInspectInfo, NOW);
}

/** An engine with these containers of the stack "dev", all of them running. The container of the gateway has its label. */
function engineWith(names: readonly string[]): Promise<FakeEngine> {
    const info = (name: string) => ({
        Id: name,
        Name: `/skep-dev-${name}`,
        Created: ago(3600),
        RestartCount: 0,
        State: { Status: "running", Running: true, StartedAt: ago(3600) },
        HostConfig: { PortBindings: {} },
    });
    const labels = (name: string) => ({
        [STACK_LABEL]: "dev",
        [PROJECT_LABEL]: "here",
        ...(name === "gateway" && { [ROLE_LABEL]: GATEWAY }),
    });
    return new FakeEngine(({ path }) => {
        if (path === "/containers/json") return names.map((Id) => ({ Id, Labels: labels(Id) }));
        const name = /^\/containers\/(.+)\/json$/.exec(path)?.[1];
        return name === undefined ? undefined : info(name);
    }).listen();
}

describe("A lab's gateway on the machine's engine", () => {
    const outside = process.env.DOCKER_HOST;
    let engine: FakeEngine;
    before(async () => {
        engine = await engineWith(["gateway", "manager-1", "worker-1"]);
        process.env.DOCKER_HOST = `unix://${engine.socket}`;
    });
    after(async () => {
        await engine.close();
        if (outside === undefined) delete process.env.DOCKER_HOST;
        else process.env.DOCKER_HOST = outside;
    });

    it("is none of the lab's hosts", async () => {
        assert.deepEqual(
            (await labHosts("dev")).map(({ name }) => name),
            ["manager-1", "worker-1"],
        );
        assert.equal((await labGateway("dev"))?.name, "gateway");
    });

    it("counts for nothing where the kernel limits the number of hosts", async () => {
        await assert.rejects(
            refuseTooManyHosts("other", 1_000_000),
            /LAB_TOO_LARGE: .* with 2 of other stacks/,
        );
    });
});

describe("A lab's host on the machine's engine", () => {
    it("has its name without the stack's, and what it publishes also while it is stopped", () => {
        const { name, state, published } = host({ status: "exited" });
        assert.equal(name, "worker-1");
        assert.equal(state, "exited");
        assert.deepEqual(published[0], { internal: 22, external: 25010 });
    });

    it("is unsettled while it waits for its next start, just after one, and while it is being made", () => {
        const unsettled = (found: Found) => host(found).isUnsettled;
        assert.equal(unsettled({ status: "restarting", restarting: true }), true);
        assert.equal(unsettled({ restarts: 3, startedAgo: 2 }), true);
        assert.equal(unsettled({ status: "created", createdAgo: 2 }), true);

        assert.equal(unsettled({}), false);
        assert.equal(unsettled({ restarts: 3, startedAgo: 60 }), false);
        assert.equal(unsettled({ startedAgo: 2 }), false);
        assert.equal(unsettled({ status: "exited", restarts: 3, startedAgo: 2 }), false);
        assert.equal(unsettled({ status: "created", createdAgo: 60 }), false);
    });

    it("keeps its ports whatever the settings say; one that never started takes new ones", () => {
        assert.deepEqual(standingPorts([host()]), {
            "worker-1": [
                { internal: 22, external: 25010 },
                { internal: 8080, external: 25110 },
                { internal: 5000, external: 25160 },
            ],
        });
        assert.deepEqual(standingPorts([host({ status: "created" })]), {});
    });
});
