// Which services have tasks that publish other ports than they should.

import assert from "node:assert/strict";
import type { SwarmService, SwarmTask } from "../../planning/engine-api";
import { withOtherPorts } from "../../planning/task-ports";

const port = (PublishedPort: number | undefined, PublishMode = "host") => ({
    Protocol: "tcp",
    TargetPort: 80,
    PublishedPort,
    PublishMode,
});
const service = (Ports?: object[]) =>
    ({ ID: "web", Spec: { Name: "sample_web", EndpointSpec: { Ports } } }) as unknown as SwarmService;
const task = (Ports?: object[], DesiredState = "running") =>
    ({ ServiceID: "web", DesiredState, Status: { State: "running", PortStatus: { Ports } } }) as SwarmTask;

describe("A service's ports on the nodes of its tasks", () => {
    const differ = (ports: object[] | undefined, tasks: SwarmTask[]) =>
        withOtherPorts([service(ports)], tasks).length > 0;

    it("differ while one running task has the port of before, or has one in place of the mesh", () => {
        assert.ok(differ([port(9090)], [task([port(9090)]), task([port(8080)])]));
        assert.ok(differ([port(8080, "ingress")], [task([port(8080)])]));
    });

    it("are those of the service when a task was made, if the task does not say", () => {
        const former = { ...service([port(8080)]).Spec };
        const changed = { ...service([port(9090)]), PreviousSpec: former, UpdatedAt: "2026-11-27T08:00:00Z" };
        const made = (CreatedAt: string) => ({ ...task(), CreatedAt });
        assert.deepEqual(withOtherPorts([changed], [made("2026-11-27T07:00:00Z")]), [changed]);
        assert.deepEqual(withOtherPorts([changed], [made("2026-11-27T09:00:00Z")]), []);
        assert.ok(!differ([port(9090)], [task()]), "the service has not changed since");
    });

    it("are the same where the mesh publishes them, tasks are about to end, or engines choose them", () => {
        assert.ok(!differ([port(9090)], [task([port(9090)]), task([port(8080)], "shutdown")]));
        assert.ok(!differ([port(9090, "ingress")], [task()]));
        assert.ok(!differ([port(undefined)], [task([port(32768)])]));
        assert.ok(!differ(undefined, [task()]));
    });
});
