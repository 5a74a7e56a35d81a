// The catalog of problems against the code that reports them, the tests that name them, and the page made of it.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { exitCodeOf, isProblemId, PROBLEM_IDS } from "../../errors/catalog";
import { troubleshooting } from "../../errors/troubleshooting";

const ROOT = join(__dirname, "../..");
/** The catalog itself names every id, and so does this file. */
const NAMES_ALL = ["errors/groups/", "test/unit/errors.test.ts"];
const RUNNER = "test/run/";

const files = execFileSync("git", ["ls-files", "-co", "--exclude-standard"], { cwd: ROOT, encoding: "utf8" })
    .split("\n")
    .filter((file) => /\.(ts|mjs|sh)$/.test(file) && !NAMES_ALL.some((start) => file.startsWith(start)));
const read = (file: string) => readFileSync(join(ROOT, file), "utf8");
const textOf = (chosen: readonly string[]) => chosen.map(read).join("\n");
const isTest = (file: string) => file.startsWith("test/") && !file.startsWith(RUNNER);
const product = files.filter((file) => !isTest(file));
const tests = files.filter(isTest);

/** What raises a problem without the compiler's eye on its id. */
const RAISED = [
    // Shell: fail ID "sentence", refuse ID "sentence".
    { files: /\.sh$/, raises: /\b(?:fail|refuse) ([A-Z][A-Z_]+) "/g },
    // Plain Node, and the tests' runner: a line on standard error that begins with the id.
    { files: /\.mjs$|^test\/run\//, raises: /["`]([A-Z]{3,}(?:_[A-Z]+)+): /g },
];

/** Ids that no test names, each with the reason. */
const UNTESTED: Partial<Record<string, string>> = {};

describe("The catalog of problems", () => {
    it("has every id that scripts and plain Node raise", () => {
        const raised = RAISED.flatMap(({ files: which, raises }) =>
            product
                .filter((file) => which.test(file))
                .flatMap((file) => [...read(file).matchAll(raises)].map(([, id = ""]) => ({ file, id }))),
        );
        assert.ok(raised.length > 15, `only ${raised.length} were found`);
        assert.deepEqual(
            raised.filter(({ id }) => !isProblemId(id)),
            [],
        );
    });

    it("has no text with an id of its own making in it", () => {
        const made = product
            .filter((file) => file.endsWith(".ts") && !file.startsWith(RUNNER))
            .flatMap((file) =>
                [...read(file).matchAll(/["`]([A-Z]{3,}(?:_[A-Z]+)+): /g)].map(([all]) => all),
            );
        assert.deepEqual(made, []);
    });

    it("has no id that nothing raises", () => {
        const code = textOf(product);
        const raised = (id: string) => new RegExp(`["\`]${id}["\`:]|\\b(fail|refuse) ${id} `).test(code);
        assert.deepEqual(
            PROBLEM_IDS.filter((id) => !raised(id)),
            [],
        );
    });

    it("has a test for each id, or a reason why there is none", () => {
        const said = textOf(tests);
        const named = (id: string) => new RegExp(`\\b${id}\\b`).test(said);
        const unnamed = PROBLEM_IDS.filter((id) => !named(id));
        assert.deepEqual(
            unnamed,
            PROBLEM_IDS.filter((id) => id in UNTESTED),
        );
    });

    it("is what docs/troubleshooting.md says: npm run docs writes it", () => {
        assert.equal(read("docs/troubleshooting.md"), troubleshooting());
    });

    it("gives skep.mjs, which cannot read it, its exit codes", () => {
        const code = read("scripts/skep.mjs");
        const [, exit] = /process\.exit\((\d+)\)/.exec(code) ?? [];
        for (const id of ["NODE_VERSION", "NPM_INSTALL", "SKEP_START"] as const)
            assert.equal(Number(exit), exitCodeOf(id), id);
    });
});
