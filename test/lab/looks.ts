// Looks at a standing swarm: they run on the lab of another test, and leave it as it was.

import assert from "node:assert/strict";
import { exitCodeOf } from "../../errors";
import { EXIT_CODES } from "../../errors/problem-group";
import type { Status } from "../../planning/status";
import { assertMatches } from "../support/schema";
import { Lab } from "./lab";

interface Report {
    checks: { name: string; result: string }[];
    cis?: { number: string; result: string }[];
}

/** A lab of three zones with a manager in each, and nothing wrong with it. */
export function testLooks(lab: Lab): void {
    it("says that a passphrase is wrong, and nothing of the state", async () => {
        const wrong = { PULUMI_CONFIG_PASSPHRASE: "another", PULUMI_CONFIG_PASSPHRASE_FILE: undefined };
        const asked = new Lab(lab.stack, lab.project, { ...lab.environment, ...wrong }).start("status");
        assert.equal(await asked.result(), exitCodeOf("PASSPHRASE_WRONG"), asked.said);
        assert.match(asked.said, /^✗ PASSPHRASE_WRONG: /m);
    });

    it("says what a swarm is like, and what is wrong with it, without a run of Pulumi", async () => {
        const well = await lab.json<Status>("status");
        assertMatches("status", well);
        assert.equal(well.quorum.text, "3 of 3, can lose 1");
        assert.deepEqual(
            well.findings.filter(({ severity }) => severity === "error"),
            [],
        );
        assert.ok(well.nodes.every(({ engine, disk, certificateEnd }) => engine && disk && certificateEnd));
        const { version } = well.nodes[0]!.engine!;
        assert.match(
            await lab.on("manager-1", "docker version -f '{{.Server.Version}}'"),
            new RegExp(`^${version}`),
        );

        await lab.on("manager-1", "docker node update --availability pause worker-3");
        const paused = lab.start("status", "--json");
        assert.equal(await paused.result(), EXIT_CODES.swarm, paused.said);
        const { findings } = JSON.parse(paused.said) as Status;
        assert.match(
            findings[0]!.problem,
            /^The availability of worker-3 is pause, and the settings say active/,
        );
        await lab.on("manager-1", "docker node update --availability active worker-3");

        const names = ["hosts", "votes", "drift", "lock", "certificates", "clocks", "logs", "registry"];
        const report = await lab.json<Report>("check", ...names);
        assertMatches("check", report);
        assert.deepEqual(
            report.checks.filter(({ result }) => result !== "pass"),
            [],
        );
        const { cis = [] } = await lab.json<Report>("check", "--cis");
        const results = (number: string) => cis.find((item) => item.number === number)?.result;
        assert.deepEqual([results("7.2"), results("7.5"), results("7.3")], ["pass", "pass", "warn"]);
    });
}
