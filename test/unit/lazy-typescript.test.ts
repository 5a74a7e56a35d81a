import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { resolve } from "node:path";

const ROOT = resolve(__dirname, "../..");
const SCRIPT = `
require("./cli/lazy-typescript");
require("./cli/commands/up");
const compiler = () => require.cache[require.resolve("typescript")].children.length + Object.keys(require("typescript")).length;
const before = compiler();
const { version } = require("typescript");
console.log(JSON.stringify({ before, version, after: compiler() }));
process.exit();
`;

describe("The TypeScript compiler", function () {
    this.timeout(60_000);

    it("is not loaded by a command's modules, and is there when it is used", () => {
        const said = execFileSync(process.execPath, ["--import", "tsx", "-e", SCRIPT], { cwd: ROOT });
        const { before, version, after } = JSON.parse(String(said)) as Record<string, unknown>;
        assert.equal(before, 0);
        assert.match(String(version), /^\d+\.\d+\.\d+$/);
        assert.ok(Number(after) > 1000, `${String(after)} names`);
    });
});
