// The swarm provider's rules that need no I/O: who votes, how an image is named.

import assert from "node:assert/strict";
import { once } from "node:events";
import { negotiatedApi, type SwarmNode } from "../../planning/engine-api";
import { memberOf } from "../../planning/membership";
import type { Context } from "../../providers/runtime/types";
import { EngineError } from "../../swarm/failures";
import { eachLimited, image, pushFailure, split } from "../../providers/swarm/image";

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

describe("an image on hosts", () => {
    it("keeps an id that names no image, since an update may bring another one", async () => {
        const context = { name: "web-image", signal: new AbortController().signal } as unknown as Context;
        const made = await image.create(
            { image: "web:1", imageId: "sha256:1", hosts: [], hostIds: [] },
            context,
        );
        assert.equal(made.id, "web-image");
    });

    it("changes as long as one of them or the registry has not got it", () => {
        assert.deepEqual(image.drift?.({ missing: ["worker-1"], stored: true }, {}), ["missing"]);
        assert.deepEqual(image.drift?.({ missing: [], stored: false }, {}), ["stored"]);
        assert.deepEqual(image.drift?.({ missing: [], stored: true }, {}), []);
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
