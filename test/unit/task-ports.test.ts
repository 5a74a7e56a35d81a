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
        assert.ok(differ([port(9090)], [task()]));
        assert.ok(differ([port(8080, "ingress")], [task([port(8080)])]));
    });

    it("are the same where the mesh publishes them, tasks are about to end, or engines choose them", () => {
        assert.ok(!differ([port(9090)], [task([port(9090)]), task([port(8080)], "shutdown")]));
        assert.ok(!differ([port(9090, "ingress")], [task()]));
        assert.ok(!differ([port(undefined)], [task([port(32768)])]));
        assert.ok(!differ(undefined, [task()]));
    });
});
