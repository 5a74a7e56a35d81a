// Skep's own compose files, as they are rendered for a swarm.

import assert from "node:assert/strict";
import { parse } from "yaml";
import { stackFile } from "../../components/stack";
import { renderStack } from "../../planning/compose";

const VARIABLES = {
    ...{ REGISTRY_IMAGE: "registry:1", REGISTRY_PORT: "5000", REGISTRY_REPLICAS: "1" },
    ...{ WEB_IMAGE: "web:1", CLIENT_IMAGE: "client:1", WEB_PORT: "8080", WEB_REPLICAS: "3" },
};
const SECRETS = { config: "a", certificate: "b", key: "c", htpasswd: "d" };

interface Rendered {
    services: Record<
        string,
        {
            read_only?: boolean;
            cap_drop?: string[];
            ports?: { published: number; mode: string }[];
            deploy: { replicas?: number; resources: { limits: Record<string, unknown> } };
        }
    >;
    networks: Record<string, { driver_opts?: object }>;
    secrets?: Record<string, { external: boolean; name: string }>;
}

for (const stack of ["registry", "sample"])
    describe(`The swarm stack ${stack}`, () => {
        const render = (encrypted: boolean) => {
            const text = stackFile(stack, "compose.yaml");
            const secrets = stack === "registry" ? SECRETS : {};
            return renderStack({ text, stack, variables: VARIABLES, secrets, publish: "mesh", encrypted });
        };
        const rendered = (encrypted: boolean) => parse(render(encrypted).compose) as Rendered;

        it("has nothing that a swarm refuses or ignores", () => {
            const { problems, warnings } = render(true);
            assert.deepEqual([problems, warnings], [[], []]);
        });

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

        it("has numbers where variables give ports and tasks", () => {
            const { web, registry } = rendered(false).services;
            const { ports, deploy } = web ?? registry ?? assert.fail("no service");
            assert.deepEqual([ports?.[0]?.published, deploy.replicas], web ? [8080, 3] : [5000, 1]);
        });

        it("names its secrets by their content", () => {
            const { compose, secrets } = render(false);
            const named = (parse(compose) as Rendered).secrets ?? {};
            assert.deepEqual(
                Object.entries(named).map(([key, { external, name }]) => [
                    key,
                    external,
                    secrets[name]?.value,
                ]),
                Object.entries(stack === "registry" ? SECRETS : {}).map(([key, value]) => [key, true, value]),
            );
            for (const name of Object.keys(secrets)) assert.match(name, /^registry_[a-z]+_[0-9a-f]{12}$/);
        });
    });
