import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { resolve } from "node:path";
import { text } from "node:stream/consumers";

const ROOT = resolve(__dirname, "../..");
const SCRIPT = `
require("./cli/unread-output").goOnUnread();
const saying = setInterval(() => console.log("a line"), 10);
setTimeout(() => { clearInterval(saying); console.error("done"); }, 300);
`;

describe("The command line", function () {
    this.timeout(60_000);

    it("goes on when nobody reads what it says any more", async () => {
        const child = spawn(process.execPath, ["--import", "tsx", "-e", SCRIPT], { cwd: ROOT });
        child.stdout.destroy();
        const said = text(child.stderr);
        assert.deepEqual(await once(child, "exit"), [0, null]);
        assert.equal(await said, "done\n");
    });
});
