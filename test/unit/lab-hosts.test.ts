// How Skep reads the engine's answer about a lab's hosts, and which settings may still change.

import assert from "node:assert/strict";
import type { ContainerInspectInfo } from "dockerode";
import { checkSettings, type Settings } from "../../config/settings";
import { labHost, type LabHost } from "../../lab/hosts";
import { fixedProblems, standingPorts } from "../../lab/standing";

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

function settings(input: Record<string, unknown> = {}): Settings {
    const checked = checkSettings("dev", { labPorts: 21000, labSubnet: "10.190.0.0/20", ...input });
    assert.ok(checked.settings, JSON.stringify(checked.problems));
    return checked.settings;
}

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

    it("keeps its ports when the lab's block moves; one that never started takes new ones", () => {
        assert.deepEqual(standingPorts(settings(), [host()]), {
            "worker-1": { ssh: 25010, engine: 21060, app: 25110, registry: 25160 },
        });
        assert.deepEqual(standingPorts(settings(), [host({ status: "created" })]), {});
    });

    it("refuses ports that every standing host would be made anew for, all at once", () => {
        const problems = (input: Record<string, unknown>, hosts = [host()]) =>
            fixedProblems(settings(input), hosts).map(({ problem }) => problem);
        assert.deepEqual(problems({}), []);
        const [sample, registry] = problems({ sample: { port: 9090 }, registry: { port: 5001 } });
        assert.match(sample ?? "", /^skep:sample\.port is 9090, and the lab's hosts publish 8080 and 5000/);
        assert.match(registry ?? "", /^skep:registry\.port is 5001/);
        assert.deepEqual(problems({ sample: { port: 9090 } }, []), []);
        assert.deepEqual(problems({ sample: { port: 9090 } }, [host({ status: "created" })]), []);
    });
});
