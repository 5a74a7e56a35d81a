// The swarm provider's rules that need no I/O: who votes, when a service has converged, how an image is named.

import assert from "node:assert/strict";
import { once } from "node:events";
import { digestOf, standing } from "../../planning/convergence";
import { negotiatedApi, type SwarmNode, type SwarmService, type SwarmTask } from "../../planning/engine-api";
import { memberOf } from "../../planning/membership";
import type { Context } from "../../providers/runtime/types";
import { EngineError } from "../../swarm/failures";
import { eachLimited, image, pushFailure, split } from "../../providers/swarm/image";

const TEMPLATE = { ContainerSpec: { Image: "web:2" } };
const service = (more: Partial<SwarmService> = {}): SwarmService => ({
    ID: "s",
    Spec: { Name: "lab_web", Mode: { Replicated: { Replicas: 2 } }, TaskTemplate: TEMPLATE },
    ...more,
});
const task = (State: string, more: SwarmTask = {}): SwarmTask => ({
    ServiceID: "s",
    DesiredState: "running",
    Spec: TEMPLATE,
    Status: { State, Timestamp: "1" },
    ...more,
});

describe("a member as the engine describes it", () => {
    it("votes exactly when it has a manager's status, and leads only when that says so", () => {
        const bare: SwarmNode = {
            ID: "x",
            Version: { Index: 1 },
            Spec: { Role: "manager", Availability: "active" },
            Status: { State: "ready" },
        };
        assert.deepEqual(memberOf(bare), {
            id: "x",
            name: "x",
            role: "manager",
            reachability: undefined,
            leader: false,
            status: "ready",
        });
        const leader: SwarmNode = { ...bare, ManagerStatus: { Leader: true, Reachability: "reachable" } };
        assert.equal(memberOf(leader).leader, true);
        // An engine leaves the value out if the state is unknown. The member votes all the same.
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
    it("keeps an id that names no image, since an update may bring another one", async () => {
        const context = { name: "web-image", signal: new AbortController().signal } as unknown as Context;
        const made = await image.create(
            { image: "web:1", imageId: "sha256:1", hosts: [], hostIds: [] },
            context,
        );
        assert.equal(made.id, "web-image");
    });

    it("changes as long as one of them has not got it", () => {
        assert.deepEqual(image.drift?.({ missing: ["worker-1"] }, {}), ["hostIds"]);
        assert.deepEqual(image.drift?.({ missing: [] }, {}), []);
    });
});

describe("transfers to several hosts", () => {
    it("end together when one of them fails, and none is begun after that", async () => {
        const ended: string[] = [];
        const work = async (host: string, signal: AbortSignal) => {
            if (host === "b") throw new Error("b is full");
            await once(signal, "abort");
            ended.push(host);
        };
        const signal = new AbortController().signal;
        await assert.rejects(eachLimited(["a", "b", "c", "d"], 3, signal, work), /b is full/);
        assert.deepEqual(ended, ["a", "c"]);
    });
});

describe("the version of Docker's API", () => {
    it("is the newest that both ends know, and none for an engine older than 20.10", () => {
        assert.equal(negotiatedApi("1.41"), "1.41");
        assert.equal(negotiatedApi("1.45"), "1.45");
        assert.equal(negotiatedApi("1.52"), "1.47");
        for (const old of ["1.40", "1.9", "", "x"]) assert.equal(negotiatedApi(old), undefined, old);
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
