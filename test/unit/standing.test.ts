import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { resolve } from "node:path";
import { text } from "node:stream/consumers";

import { didYouMean, hostNamed, stackDown, type Standing } from "../../cli/stack/standing";
import { EXIT_CODES } from "../../errors/problem-group";
import { Lab } from "../lab/lab";

const ROOT = resolve(__dirname, "../..");
const SLOW = `
const { watchInterrupts, interruptible } = require("./cli/interrupt");
const { SkepError } = require("./errors");
watchInterrupts("Run it again.", 1);
const stop = new AbortController();
interruptible(
    () => stop.abort(),
    (error) => error instanceof SkepError,
    () => new Promise((_, reject) => {
        const waits = setTimeout(() => undefined, 20_000);
        stop.signal.addEventListener("abort", () => { clearTimeout(waits); reject(new SkepError([])); });
    }),
).catch((error) => { console.error(error.message); process.exit(require("./cli/interrupt").interruptedCode()); });
`;

const standing = (...names: string[]) =>
    ({ stack: "dev", hosts: names.map((name) => ({ name })) }) as unknown as Standing;

describe("A command on a standing swarm", function () {
    this.timeout(60_000);

    it("finds a host by its name", () => {
        assert.equal(hostNamed(standing("manager-1", "worker-1"), "worker-1").name, "worker-1");
    });

    it("asks for the most similar host, or lists those there are", () => {
        assert.throws(() => hostNamed(standing("manager-1", "worker-1"), "worker1"), {
            message: 'HOST_UNKNOWN: The stack "dev" has no host "worker1". Did you mean worker-1?',
        });
        assert.throws(() => hostNamed(standing("manager-1", "worker-1"), "database"), {
            message: 'HOST_UNKNOWN: The stack "dev" has no host "database". It has manager-1, worker-1.',
        });
    });

    it("asks for the most similar stack, and for no other", async () => {
        assert.match((await stackDown("dve")).message, /^STACK_DOWN: .*Did you mean dev\?$/);
        assert.match((await stackDown("quite-another")).message, /npm run up -- --stack quite-another$/);
        assert.equal(didYouMean("x", []), "");
    });

    it("says of every stack that is not up how to bring it up", async () => {
        const commands = [
            ["status"],
            ["check"],
            ["unlock"],
            ["key", "show"],
            ["token", "show"],
            ["context"],
            ["ssh", "manager-1"],
            ["reboot", "--needed"],
            ["logs", "manager-1"],
            ["cp", "here", "manager-1:/tmp"],
            ["net", "sample_web"],
            ["registry", "list"],
            ["dashboard"],
        ];
        const lab = new Lab("test-nowhere");
        const tried = commands.map(async (command) => {
            const asked = lab.start(...command);
            assert.equal(await asked.result(), EXIT_CODES.usage, command.join(" "));
            assert.match(asked.said, /^✗ STACK_DOWN: .*npm run up -- --stack test-nowhere$/m);
        });
        await Promise.all(tried);
    });

    it("ends in order when the time of --timeout is over", async () => {
        const child = spawn(process.execPath, ["--import", "tsx", "-e", SLOW], { cwd: ROOT });
        const said = text(child.stderr);
        assert.deepEqual(await once(child, "exit"), [EXIT_CODES.failed, null]);
        assert.match(await said, /The 1 s of --timeout are over: ending/);
        assert.match(await said, /^COMMAND_TIMEOUT: /m);
    });

    it("takes no time for --timeout that is none", async () => {
        for (const wrong of ["10", "0s", "ten", "25h"]) {
            const command = new Lab("dev").start("output", "--timeout", wrong);
            assert.equal(await command.result(), EXIT_CODES.usage, wrong);
            assert.match(command.said, /It must be a time from 1s to 24h, such as 10m\./);
        }
    });
});
