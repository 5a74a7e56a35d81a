// The swarm provider's pure rules: who votes, when a service has converged, how an image is named.

import assert from "node:assert/strict";
import { digestOf, standing } from "../../swarm/convergence";
import { EngineError } from "../../swarm/failures";
import { image, pushFailure, split } from "../../providers/swarm/image";
import { memberOf } from "../../swarm/turns";
import type { Props } from "../../providers/runtime/types";

const TEMPLATE = { ContainerSpec: { Image: "web:2" } };
const service = (more: Props = {}): Props => ({
    ID: "s",
    Spec: { Name: "lab_web", Mode: { Replicated: { Replicas: 2 } }, TaskTemplate: TEMPLATE },
    ...more,
});
const task = (State: string, more: Props = {}): Props => ({
    ServiceID: "s",
    DesiredState: "running",
    Spec: TEMPLATE,
    Status: { State, Timestamp: "1" },
    ...more,
});

describe("a member as the engine describes it", () => {
    it("votes exactly when it has a manager's status, and leads only when that says so", () => {
        const bare = { ID: "x", Spec: { Role: "manager" }, Status: { State: "ready" } };
        assert.deepEqual(memberOf(bare), {
            id: "x",
            name: "x",
            role: "manager",
            reachability: undefined,
            leader: false,
            status: "ready",
        });
        const leader = { ...bare, ManagerStatus: { Leader: true, Reachability: "reachable" } };
        assert.equal(memberOf(leader).leader, true);
        // An engine leaves the word out where the state is unknown: it votes all the same.
        assert.equal(memberOf({ ...bare, ManagerStatus: {} }).reachability, "unknown");
    });
});

describe("a service's standing", () => {
    it("is good when all tasks of its present specification run", () => {
        assert.deepEqual(standing(service(), [task("running"), task("running")], []), { name: "lab_web" });
    });

    it("does not count tasks of an earlier specification", () => {
        const old = task("running", { Spec: { ContainerSpec: { Image: "web:1" } } });
        assert.match(standing(service(), [old, task("running")], []).pending ?? "", /1 of 2/);
    });

    it("names the newest error of a task", () => {
        const failed = task("failed", {
            DesiredState: "shutdown",
            Status: { Err: "no such file", Timestamp: "2" },
        });
        assert.match(standing(service(), [failed], []).pending ?? "", /0 of 2 .* no such file/);
    });

    it("waits for an update, and fails when it was rolled back", () => {
        const tasks = [task("running"), task("running")];
        const updating = service({ UpdateStatus: { State: "updating" } });
        assert.match(standing(updating, tasks, []).pending ?? "", /under way/);
        const back = service({
            UpdateStatus: { State: "rollback_completed", Message: "rollback completed" },
        });
        assert.match(standing(back, tasks, []).failed ?? "", /rolled back/);
    });

    it("has one digest for every order of keys", () => {
        assert.equal(
            digestOf({ Spec: { a: 1, b: { c: 2, d: 3 } } }),
            digestOf({ Spec: { b: { d: 3, c: 2 }, a: 1 } }),
        );
    });
});

describe("an image on hosts", () => {
    it("changes as long as one of them has not got it", () => {
        assert.deepEqual(image.drift?.({ missing: ["worker-1"] }, {}), ["hostIds"]);
        assert.deepEqual(image.drift?.({ missing: [] }, {}), []);
    });
});

describe("an image's reference", () => {
    it("names the registry's log where an engine tells only that the registry failed", () => {
        const refused = (reason: string) => new EngineError("manager-1", "POST /images", 500, reason);
        const lost = pushFailure(
            "r:5000/web:1",
            refused("received unexpected HTTP status: 500 Internal Server Error"),
        );
        assert.match(String(lost), /IMAGE_PUSH: r:5000\/web:1 .* docker service logs registry_registry/);
        assert.match(
            String(pushFailure("r:5000/web:1", refused("unauthorized: authentication required"))),
            /IMAGE_PUSH/,
        );
        const other = refused("x509: certificate signed by unknown authority");
        assert.equal(pushFailure("r:5000/web:1", other), other);
    });

    it("tells a registry's port from a tag", () => {
        assert.deepEqual(split("r.internal:5000/web:abc"), {
            server: "r.internal:5000",
            name: "r.internal:5000/web",
            tag: "abc",
        });
        assert.equal(split("r.internal:5000/web").tag, "latest");
    });
});
