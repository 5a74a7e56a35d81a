import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { resolve } from "node:path";
import { text } from "node:stream/consumers";

import { EXIT_CODES } from "../../errors/problem-group";
import { canType, Lab } from "../lab/lab";

const ROOT = resolve(__dirname, "../..");
const SCRIPT = `
require("./cli/unread-output").goOnUnread();
const saying = setInterval(() => console.log("a line"), 10);
setTimeout(() => { clearInterval(saying); console.error("done"); }, 300);
`;

describe("The command line", function () {
    this.timeout(60_000);

    describe("of a destroy", () => {
        const lab = new Lab("test-question");
        before(() => lab.configure());
        after(() => lab.forget());

        it("asks at a terminal, also when what it prints goes elsewhere, and takes no for an answer", async function () {
            if (!canType()) return this.skip();
            for (const answer of ["n\n", ""]) {
                const { said, code } = await lab.atTerminal(answer, "destroy");
                assert.match(said, /Destroy the stack "test-question" with all of its data\? \[y\/N\]/);
                assert.match(said, /Nothing was changed\./);
                assert.equal(code, EXIT_CODES.usage);
            }
        });

        it("wants --yes where nobody can be asked", async () => {
            const refused = lab.start("destroy");
            assert.equal(await refused.result(), EXIT_CODES.usage);
            assert.match(refused.said, /^✗ NOT_CONFIRMED: "Destroy the stack .*Add --yes\.$/m);
        });
    });

    it("refuses what it does not know with the exit code of a wrong command line", async () => {
        for (const [command, code] of [
            [["upp"], EXIT_CODES.usage],
            [["preview", "--jsno"], EXIT_CODES.usage],
            [["--help"], EXIT_CODES.done],
        ] as const)
            assert.equal(await new Lab("dev").start(...command).result(), code, command.join(" "));
    });

    it("goes on when nobody reads what it says any more", async () => {
        const child = spawn(process.execPath, ["--import", "tsx", "-e", SCRIPT], { cwd: ROOT });
        child.stdout.destroy();
        const said = text(child.stderr);
        assert.deepEqual(await once(child, "exit"), [0, null]);
        assert.equal(await said, "done\n");
    });
});
