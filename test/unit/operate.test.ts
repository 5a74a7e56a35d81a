// An operation of Pulumi that fails, and what of it the user is told.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { resolve } from "node:path";
import * as auto from "@pulumi/pulumi/automation";
import { operate } from "../../cli/pulumi/operate";
import type { Progress } from "../../scripts/setup/progress";

const ROOT = resolve(__dirname, "../..");

type Fails = () => never;

/** A stack of which a killed run has left operations, and whose refresh and state fail in these ways. */
function stack(refresh: Fails, exportStack: Fails): auto.Stack {
    const pending = { severity: "warning", message: "there are pending operations" };
    return {
        name: "test-operate",
        refresh: async ({ onEvent }: auto.RefreshOptions) => {
            onEvent?.({ sequence: 1, timestamp: 1, diagnosticEvent: pending } as auto.EngineEvent);
            await new Promise((done) => setTimeout(done, 10));
            return refresh();
        },
        exportStack: async () => exportStack(),
    } as unknown as auto.Stack;
}

function fails(error: Error): Fails {
    return () => {
        throw error;
    };
}

function commandError(said: string): Error {
    return Object.assign(Object.create(auto.CommandError.prototype) as Error, { message: said });
}

/** Interrupts itself while an operation runs that then fails in this way, and prints what the user would see. */
const script = (error: string) => `
const auto = require("@pulumi/pulumi/automation");
const { operate } = require("./cli/pulumi/operate");
require("./cli/interrupt").watchInterrupts("");
const refresh = async () => {
    process.kill(process.pid, "SIGINT");
    await new Promise((done) => setTimeout(done, 100));
    throw ${error};
};
operate({ name: "test-operate", refresh }, "refresh", { note() {} }).catch((error) => {
    console.log(String(error));
    process.exit();
});
`;

describe("An operation that fails", function () {
    this.timeout(60_000);

    it("says why, also where what a killed run has left cannot be cleared after it", async () => {
        const noted: string[] = [];
        const progress = { note: (text: string) => void noted.push(text) } as Progress;
        const failing = stack(fails(commandError("error: the first")), fails(new Error("the second.")));
        await assert.rejects(operate(failing, "refresh", progress), /PULUMI_FAILED: .* the first/);
        assert.deepEqual(noted, ["What a killed command had begun could not be forgotten: the second"]);
        const broken = stack(fails(new TypeError("a bug")), fails(new Error("the second.")));
        await assert.rejects(operate(broken, "refresh", progress), /TypeError: a bug/);
    });

    for (const [error, told] of [
        ["Object.setPrototypeOf(new Error('code: 1'), auto.CommandError.prototype)", /INTERRUPTED: /],
        ["new TypeError('a bug')", /^TypeError: a bug$/],
    ] as const)
        it(`after an interrupt is told as ${told.source}`, () => {
            const options = { cwd: ROOT, stdio: "pipe" } as const;
            const said = execFileSync(process.execPath, ["--import", "tsx", "-e", script(error)], options);
            assert.match(String(said).trim(), told);
        });
});
