// The catalog of problems against the code that reports them, the tests that name them, and the page made of it.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { exitCodeOf, isProblemId, PROBLEM_IDS } from "../../errors/catalog";
import { EXIT_CODES } from "../../errors/problem-group";
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

/** Code that raises a problem, and whose id the compiler does not check. */
const RAISED = [
    // Shell: fail ID "sentence", refuse ID "sentence".
    { files: /\.sh$/, raises: /\b(?:fail|refuse) ([A-Z][A-Z_]+) "/g },
    // Plain Node, and the tests' runner: a line on standard error that begins with the id.
    { files: /\.mjs$|^test\/run\//, raises: /["`]([A-Z]{3,}(?:_[A-Z]+)+): /g },
];

/** Ids that no test names, by the reason. */
const UNTESTED = new Map(
    Object.entries({
        "needs a machine that lacks what every test needs": [
            "SKEP_START",
            "SETUP_PACKAGES",
            "DOCKER_MISSING",
            "DOCKER_STOPPED",
            "DOCKER_START",
            "DOCKER_FORBIDDEN",
            "PROVIDERS_START",
        ],
        "comes after minutes of waiting": ["SETUP_BUSY", "APT_BUSY", "HOST_BOOT", "SWARM_BUSY"],
        "comes where all of a range is taken": ["LAB_PORTS"],
        "needs a package repository or an sshd that is broken in one place only": [
            "REPOSITORY_UNREACHABLE",
            "REPOSITORY_BROKEN",
            "HOST_SSHD",
        ],
        "needs a swarm of which no host answers, or a stack that only Docker refuses": [
            "IMAGE_NO_HOST",
            "IMAGE_NOT_LOCAL",
            "IMAGE_MISSING",
            "STACK_DEPLOY_FAILED",
        ],
        "needs a stack that stands, and another machine, version or zone for it": ["STATE_UNREACHABLE"],
        "needs a registry that stops answering right after its tasks were seen to run": ["REGISTRY_SILENT"],
        "is what the runner of the tests says when it breaks itself": [
            "TEST_PART",
            "TEST_START",
            "TEST_FAILED",
            "TEST_TIMEOUT",
            "TEST_NO_RESULT",
            "TEST_INTERRUPTED",
            "TEST_LEFTOVER",
        ],
    }).flatMap(([reason, ids]) => ids.map((id) => [id, reason] as const)),
);

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
        const found = code.matchAll(/["`]([A-Z_]+)["`:]|\b(?:fail|refuse) ([A-Z_]+) /g);
        const raised = new Set([...found].map(([, quoted, shell]) => quoted ?? shell));
        assert.deepEqual(
            PROBLEM_IDS.filter((id) => !raised.has(id)),
            [],
        );
    });

    it("has a test for each id, or a reason why there is none", () => {
        const said = new Set(textOf(tests).match(/\b[A-Z_]+\b/g));
        const unnamed = PROBLEM_IDS.filter((id) => !said.has(id));
        assert.deepEqual(
            unnamed,
            PROBLEM_IDS.filter((id) => UNTESTED.has(id)),
            "an id that a test names goes out of UNTESTED",
        );
    });

    it("is what docs/troubleshooting.md says: npm run docs writes it", () => {
        assert.equal(read("docs/troubleshooting.md"), troubleshooting());
    });

    it("has the exit codes that docs/scripting.md explains", () => {
        const explained = [...read("docs/scripting.md").matchAll(/^\| (\d+) \|/gm)].map(([, code]) =>
            Number(code),
        );
        assert.deepEqual(explained, Object.values(EXIT_CODES));
    });

    it("gives skep.mjs, which cannot read it, its exit codes", () => {
        const code = read("scripts/skep.mjs");
        const [, exit] = /process\.exit\((\d+)\)/.exec(code) ?? [];
        for (const id of ["NODE_VERSION", "CLONE_FOLDER", "NPM_INSTALL", "SKEP_START"] as const)
            assert.equal(Number(exit), exitCodeOf(id), id);
    });
});
