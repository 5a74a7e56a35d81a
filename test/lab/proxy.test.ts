// Commands with a proxy in their environment. No host is needed.

import assert from "node:assert/strict";
import { createProgress } from "../../scripts/setup/progress";
import { reachability } from "../../scripts/setup/reachability";
import { Lab } from "./lab";

/** A proxy at which nobody listens. */
const NOWHERE = "http://127.0.0.1:9";

describe("A proxy in the environment that leads nowhere", function () {
    this.timeout(180_000);
    let lab: Lab;

    before(async () => {
        // Use the sites that this machine reaches without the proxy, so that only the proxy differs.
        const reached = await reachability(createProgress({ silent: true }));
        const offline = process.env.SKEP_OFFLINE || (reached.plugins && reached.dockerHub ? "0" : "1");
        lab = new Lab("test-proxy", undefined, {
            SKEP_OFFLINE: offline,
            http_proxy: NOWHERE,
            https_proxy: NOWHERE,
            HTTP_PROXY: NOWHERE,
            HTTPS_PROXY: NOWHERE,
        });
        lab.configure({ "skep:managers": 1, "skep:workers": 0, "skep:sample": { enabled: false } });
    });
    after(async () => {
        await lab.skep("destroy", "--yes");
        lab.forget();
    });

    it("is not asked for Pulumi, which is on this machine", async () => {
        const { changes } = await lab.json<{ changes: Record<string, number> }>("preview");
        assert.ok((changes.create ?? 0) > 20, JSON.stringify(changes));
    });

    it("is not asked for it by the plain pulumi command either", async () => {
        await lab.pulumi("stack", "init", lab.stack).catch((error: Error) => {
            if (!/already exists/.test(error.message)) throw error;
        });
        assert.match(await lab.pulumi("preview"), /Resources:\s+\+ \d+ to create/);
    });
});
