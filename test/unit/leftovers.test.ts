// What the tests' runner removes after a run, with an engine that only answers.

import assert from "node:assert/strict";
import { existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { tmpdir } from "node:os";
import { stateFile } from "../../cli/pulumi/state";
import { clientFolder, stackFile } from "../../config/folders";
import { projectId } from "../../lab/project";
import { PROJECT_LABEL, STACK_LABEL } from "../../planning/labels";
import { removeLeftovers } from "../run/leftovers";
import { FakeEngine } from "../support/fake-engine";

const labels = (stack: string, project = projectId()) => ({
    [STACK_LABEL]: stack,
    [PROJECT_LABEL]: project,
});
const filesOf = (stack: string) => [
    stateFile(stack),
    `${stateFile(stack)}.bak`,
    stackFile(stack),
    join(clientFolder(stack), "ssh-key"),
];

describe("An interrupted run of the tests", function () {
    this.timeout(60_000);
    const stacks = ["test-lost", "test-on-ec2", "test-standing", "kept"];
    const outside = process.env.DOCKER_HOST;
    let docker: FakeEngine;

    before(async () => {
        const containers = [
            { Id: "1", Names: ["/one"], Labels: labels("test-lost") },
            { Id: "2", Names: ["/two"], Labels: labels("test-standing", "another clone") },
            { Id: "3", Names: ["/three"], Labels: labels("kept") },
        ];
        const networks = [{ Id: "4", Name: "four", Labels: labels("test-on-ec2-0123abcd") }];
        docker = await new FakeEngine(({ method, path }) => {
            if (method === "DELETE") return {};
            if (path === "/containers/json") return containers;
            if (path === "/networks") return networks;
            return path === "/volumes" ? { Volumes: [] } : undefined;
        }).listen();
        process.env.DOCKER_HOST = `unix://${docker.socket}`;
        for (const file of stacks.flatMap(filesOf)) {
            mkdirSync(dirname(file), { recursive: true });
            writeFileSync(file, "{}");
        }
    });
    after(async () => {
        if (outside === undefined) delete process.env.DOCKER_HOST;
        else process.env.DOCKER_HOST = outside;
        await docker.close();
        for (const file of stacks.flatMap(filesOf)) rmSync(file, { force: true });
        for (const stack of stacks) rmSync(clientFolder(stack), { recursive: true, force: true });
    });

    it("leaves neither the hosts of its stacks nor their state, and touches no other stack", async () => {
        assert.equal(await removeLeftovers(join(tmpdir(), "no-clones")), 2);
        assert.deepEqual(
            docker.asked.filter((line) => line.startsWith("DELETE")),
            ["DELETE /containers/1", "DELETE /networks/4"],
        );
        for (const stack of stacks) {
            const isThere = stack === "test-standing" || stack === "kept";
            assert.deepEqual(filesOf(stack).map(existsSync), [isThere, isThere, isThere, isThere], stack);
        }
    });
});
