import assert from "node:assert/strict";
import { createProgress } from "../../scripts/setup/progress";

const UP_AND_ERASE = "\u001b[1A\u001b[2K";

function recorder(isTTY: boolean) {
    let text = "";
    return { stream: { isTTY, columns: 60, write: (part: string) => (text += part) }, text: () => text };
}

describe("progress", () => {
    it("is one line at a step's beginning and one at its end where nobody watches", async () => {
        const { stream, text } = recorder(false);
        const result = await createProgress({ stream }).step("Doing x", () => Promise.resolve(7));
        assert.equal(result, 7);
        assert.equal(text(), "• Doing x\n ✓ Doing x\n");
    });

    it("marks a step that failed and passes its error on", async () => {
        const { stream, text } = recorder(false);
        await assert.rejects(
            createProgress({ stream }).step("Doing x", () => Promise.reject(new Error("broken"))),
            /broken/,
        );
        assert.equal(text(), "• Doing x\n ✗ Doing x\n");
    });

    it("leaves one line a step on a terminal, also when steps run side by side", async () => {
        const { CI, TERM } = process.env;
        delete process.env.CI;
        process.env.TERM = "xterm";
        const { stream, text } = recorder(true);
        const progress = createProgress({ stream });
        if (CI !== undefined) process.env.CI = CI;
        if (TERM === undefined) delete process.env.TERM;
        else process.env.TERM = TERM;

        await Promise.all([
            progress.step("Doing x", () => new Promise((resolve) => setTimeout(resolve, 30))),
            progress.step("Doing y", async (update) => {
                update("a ".repeat(100));
                await new Promise((resolve) => setTimeout(resolve, 250));
            }),
        ]);
        assert.deepEqual(screen(text()), [" ✓ Doing x", " ✓ Doing y"]);
        const widths = text()
            .split("\n")
            .map((line) => line.replaceAll(UP_AND_ERASE, "").length);
        assert.ok(Math.max(...widths) < 60);
    });

    it("says nothing when only the result was asked for", async () => {
        assert.equal(await createProgress({ silent: true }).step("Doing x", () => Promise.resolve(1)), 1);
    });
});

/** What a terminal shows after the text: each "up and erase" takes the last line away. */
function screen(text: string): string[] {
    const lines: string[] = [];
    for (const line of text.split("\n")) {
        const erased = line.split(UP_AND_ERASE).length - 1;
        lines.splice(lines.length - erased, erased);
        lines.push(line.replaceAll(UP_AND_ERASE, ""));
    }
    return lines.filter((line) => line !== "");
}
