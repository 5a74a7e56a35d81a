// Tests of how a host gets packages: they run on the lab of another test.

import assert from "node:assert/strict";
import { renderHostScript, shellQuote } from "../../planning/shell";
import { hostScript } from "../../swarm/scripts";
import type { Lab } from "./lab";

/** A lab with a worker-3. */
export function testRepositories(lab: Lab): void {
    it("keeps the repository that it had when one is refused, waits for apt's locks, and names a source with another key", async () => {
        const sources = "/etc/apt/sources.list.d/docker.sources";
        const text = await lab.on("worker-3", `cat ${sources}`);
        const url = /^URIs: (\S+)$/m.exec(text)?.[1] ?? "";
        const fingerprint = await lab.on(
            "worker-3",
            `gpg --show-keys --with-colons /etc/apt/keyrings/docker.asc | awk -F: '$1 == "fpr" { print $10; exit }'`,
        );
        const install = (given: Record<string, string>) => {
            const inputs = {
                REPOSITORY_URL: url,
                KEY_FINGERPRINT: fingerprint,
                DOCKER_VERSION: "5:99.0.0",
                CONTAINERD_VERSION: "1.7",
                LOGIN_USER: "admin",
            };
            const script = hostScript("lock", "data-root", "reserve", "engine");
            return lab.on("worker-3", "sudo sh", renderHostScript(script, { ...inputs, ...given }));
        };
        const kept = () => lab.on("worker-3", `cat ${sources} /etc/apt/keyrings/docker.asc`);
        const before = await kept();
        await assert.rejects(install({}), /skep: ENGINE_VERSION: .* has no docker-ce 5:99\.0\.0/);
        assert.equal(await kept(), before);
        await assert.rejects(install({ KEY_FINGERPRINT: "0".repeat(40) }), /skep: REPOSITORY_KEY: /);
        assert.equal(await kept(), before);

        // The script goes on as soon as apt's lists are free.
        const hold = `import fcntl, time; lock = open("/var/lib/apt/lists/lock", "w"); fcntl.lockf(lock, fcntl.LOCK_EX); print("held", flush=True); time.sleep(8)`;
        await lab.on(
            "worker-3",
            `sudo sh -c 'python3 -c "$0" >/tmp/held 2>&1 &' ${shellQuote(hold)}; sleep 1; cat /tmp/held`,
        );
        await assert.rejects(install({}), /skep: ENGINE_VERSION: /);

        const second = "/etc/apt/sources.list.d/by-hand.sources";
        await lab.on(
            "worker-3",
            `sudo sh -c 'cp /etc/apt/keyrings/docker.asc /etc/apt/keyrings/by-hand.asc; sed s/docker.asc/by-hand.asc/ ${sources} >${second}'`,
        );
        await assert.rejects(
            install({}),
            /skep: REPOSITORY_TWICE: \/etc\/apt\/sources\.list\.d\/by-hand\.sources names /,
        );
        await lab.on("worker-3", `sudo rm ${second}`);
        assert.equal(await lab.on("worker-3", "systemctl is-active docker"), "active");
    });
}
