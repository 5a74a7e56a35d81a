// What Pulumi 3.274 reported, as recorded, and what a user sees of it.

import assert from "node:assert/strict";
import { formatProblem } from "../../errors";
import { failureOf, leftIn, type Said } from "../../cli/pulumi/diagnostics";

const ENDED =
    "code: -2\n stdout: \n stderr: Command failed with exit code 1: pulumi up\nerror: update failed\n";
const FAILED: Said = { text: "update failed" };

function shown(...said: Said[]): string[] {
    return failureOf("up", said, ENDED).problems.map(formatProblem);
}

describe("What Pulumi reports", () => {
    it("is shown by the ids that resources gave it, each problem once", () => {
        const said = {
            name: "manager-1-node",
            text: "HOST_UNREACHABLE: manager-1 cannot be reached. Start the host.\nQUORUM_LOST: 1 of 3 is reachable. Start\n others.",
        };
        assert.deepEqual(shown(said, said, FAILED), [
            "HOST_UNREACHABLE: manager-1 cannot be reached. Start the host.",
            "QUORUM_LOST: 1 of 3 is reachable. Start\nothers.",
        ]);
    });

    it("keeps what has no id beside what has one", () => {
        const [first, second, ...others] = shown(
            {
                name: "web-stack",
                text: "2 errors occurred:\n\t* STACK_UPDATE_FAILED: The update of web was paused. Correct it.\n\t* second reason without id\n\n",
            },
            { name: "manager-2", text: "Error response from daemon: no such image" },
            FAILED,
        );
        assert.equal(first, "STACK_UPDATE_FAILED: The update of web was paused. Correct it.");
        assert.match(
            second ?? "",
            /^PULUMI_FAILED: The up ended early: web-stack: second reason without id\nmanager-2: Error response from daemon: no such image /,
        );
        assert.deepEqual(others, []);
    });

    it("takes no word in capitals for an id that is none", () => {
        const [only, ...others] = shown({ name: "thing", text: "FOO_BAR: not an id of ours" }, FAILED);
        assert.match(only ?? "", /^PULUMI_FAILED: The up ended early: thing: FOO_BAR: not an id of ours /);
        assert.deepEqual(others, []);
    });

    it("keeps all lines of a problem, also when the program threw it", () => {
        const text =
            "Unhandled exception: SkepError: SETUP_FAILED: Installing failed (apt):\nE: no space here\n Fix what it says.\n    at program (/program.ts:1:2)";
        assert.deepEqual(shown({ text }), [
            "SETUP_FAILED: Installing failed (apt):\nE: no space here\nFix what it says.",
        ]);
    });

    it("says a bug of the program once, without its stack", () => {
        const shownOnce = shown(
            { text: "Unhandled exception: TypeError: x is not iterable\n    at program (/program.ts:1:2)\n" },
            { text: "x is not iterable\n" },
        );
        assert.equal(shownOnce.length, 1);
        assert.match(
            shownOnce[0] ?? "",
            /ended early: Unhandled exception: TypeError: x is not iterable Run/,
        );
    });

    it("is known by others' words too, beside what is not known", () => {
        const ids = failureOf(
            "up",
            [
                { name: "manager-1", text: "Bind for 127.0.0.1:21000 failed: port is already allocated" },
                { text: "other" },
            ],
            ENDED,
        ).problems.map(({ id }) => id);
        assert.deepEqual(ids, ["LAB_PORTS_TAKEN", "PULUMI_FAILED"]);
    });

    it("is what its command line says where there is no diagnostic", () => {
        const { problems } = failureOf("up", [], "code: 255\n stderr: error: incorrect passphrase\n");
        assert.deepEqual(
            problems.map(({ id }) => id),
            ["PASSPHRASE_WRONG"],
        );
        assert.match(
            failureOf("up", [], "error: no such folder.").message,
            /^PULUMI_FAILED: .*: no such folder\. /,
        );
    });

    it("that is left undone is named with its resource and its reason, other warnings are not", () => {
        const text = "ENGINE_LEFT: The engine is left as it is: manager-3 is unreachable. Run up again.";
        const warnings = [
            { name: "manager-2-engine", text },
            { name: "manager-2-engine", text },
            { name: "worker-1-node", text: "worker-1 could not be looked at: HOST_UNREACHABLE: no answer" },
        ];
        assert.deepEqual(leftIn(warnings), [
            { name: "manager-2-engine", id: "ENGINE_LEFT", reason: text.slice("ENGINE_LEFT: ".length) },
        ]);
    });
});
