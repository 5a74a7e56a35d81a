// How Skep clears operations that a killed command had begun, with real objects on the engine.

import assert from "node:assert/strict";
import type * as auto from "@pulumi/pulumi/automation";
import { PROJECT_LABEL, STACK_LABEL } from "../../planning/labels";
import { createProgress } from "../../scripts/setup/progress";
import { dockerClient } from "../../scripts/setup/docker";
import { settlePending } from "../../cli/pulumi/pending";
import { projectId } from "../../lab/project";

const STACK = "test-pending";
const TYPE = "docker:index/volume:Volume";
const docker = dockerClient();

describe("A lab object whose making a killed command had begun", () => {
    const names = {
        half: `skep-${STACK}-half`,
        whole: `skep-${STACK}-whole`,
        foreign: `skep-${STACK}-foreign`,
    };
    const urn = (name: string) => `urn:pulumi:${STACK}::skep::${TYPE}::${name}`;

    before(async () => {
        for (const [kind, Name] of Object.entries(names)) {
            const project = kind === "foreign" ? "another clone" : projectId();
            await docker.createVolume({ Name, Labels: { [STACK_LABEL]: STACK, [PROJECT_LABEL]: project } });
        }
    });
    after(async () => {
        for (const name of Object.values(names))
            await docker
                .getVolume(name)
                .remove()
                .catch(() => undefined);
    });

    it("goes if the state does not know it; what was made since, and what is another clone's, stays", async () => {
        const pending = Object.values(names).map((name) => ({
            type: "creating",
            resource: { type: TYPE, urn: urn(name), inputs: { name } },
        }));
        const deployment = { resources: [{ urn: urn(names.whole) }], pending_operations: pending };
        let imported: unknown;
        const stack = {
            name: STACK,
            exportStack: () => Promise.resolve({ version: 3, deployment }),
            importStack: (state: unknown) => Promise.resolve(void (imported = state)),
        };
        await settlePending(stack as unknown as auto.Stack, createProgress({ silent: true }));
        const { Volumes } = await docker.listVolumes({ filters: { label: [`${STACK_LABEL}=${STACK}`] } });
        assert.deepEqual(Volumes.map(({ Name }) => Name).sort(), [names.foreign, names.whole].sort());
        assert.deepEqual((imported as { deployment: object }).deployment, {
            resources: deployment.resources,
            pending_operations: [],
        });
    });
});
