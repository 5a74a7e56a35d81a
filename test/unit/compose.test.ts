// Skep's own compose files, as they are rendered for a swarm.

import assert from "node:assert/strict";
import { parse } from "yaml";
import { stackFile } from "../../components/stack";
import { renderStack } from "../../planning/compose";

const VARIABLES = {
    ...{ REGISTRY_IMAGE: "registry:1", REGISTRY_PORT: "5000", REGISTRY_REPLICAS: "1" },
    ...{ WEB_IMAGE: "web:1", CLIENT_IMAGE: "client:1", WEB_PORT: "8080", WEB_REPLICAS: "3" },
};

interface Rendered {
    services: Record<
        string,
        {
            read_only?: boolean;
            cap_drop?: string[];
            deploy: { resources: { limits: Record<string, unknown> } };
        }
    >;
    networks: Record<string, { driver_opts?: object }>;
}

for (const stack of ["registry", "sample"])
    describe(`The swarm stack ${stack}`, () => {
        const rendered = (encrypted: boolean) => {
            const text = stackFile(stack, "compose.yaml");
            const inputs = { text, stack, variables: VARIABLES, publish: "mesh", encrypted } as const;
            return parse(renderStack(inputs).compose) as Rendered;
        };

        it("bounds its services, on a read-only root and without capabilities", () => {
            for (const [name, { read_only, cap_drop, deploy }] of Object.entries(rendered(false).services)) {
                assert.deepEqual([read_only, cap_drop], [true, ["ALL"]], name);
                assert.deepEqual(Object.keys(deploy.resources.limits).sort(), ["cpus", "memory", "pids"]);
                // An engine refuses a limit above the host's processors, and a host has one at least.
                assert.ok(Number(deploy.resources.limits.cpus) <= 1, name);
            }
        });

        it("encrypts its networks where it is told to, and only there", () => {
            for (const network of Object.values(rendered(true).networks))
                assert.deepEqual(network.driver_opts, { encrypted: "true" });
            for (const network of Object.values(rendered(false).networks))
                assert.equal(network.driver_opts, undefined);
        });
    });
