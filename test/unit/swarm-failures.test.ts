// What a user reads when a host or its engine fails, and what a bundled provider carries with it.

import assert from "node:assert/strict";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SkepError } from "../../errors";
import { buildPlugin } from "../../providers/bundle/build";
import { reasonOf } from "../../planning/sentence";
import {
    brokenRequest,
    EngineError,
    type HostFailure,
    noAnswer,
    noConnection,
    noSocket,
    NoManager,
} from "../../swarm/failures";
import { until } from "../../swarm/wait";

const FAILURES: [string, SkepError][] = [
    ["ENGINE_REFUSED", new EngineError("manager-1", "POST /swarm/init", 503, "no\nroom.\n")],
    ["HOST_UNREACHABLE", noConnection("worker-1", "127.0.0.1:21010", new Error("connect ECONNREFUSED"))],
    ["HOST_KEY", noConnection("worker-1", "127.0.0.1:21010", new Error("Host denied (verification failed)"))],
    [
        "HOST_LOGIN",
        noConnection("worker-1", "x:22", new Error("All configured authentication methods failed")),
    ],
    ["ENGINE_STOPPED", noSocket("worker-1", new Error("(SSH) Channel open failure: open failed"))],
    ["ENGINE_CONNECTION", brokenRequest("worker-1", "GET /info", new Error("ECONNRESET")) as SkepError],
    ["HOST_TIMEOUT", noAnswer("worker-1", "GET /info", 8000)],
];

describe("a failure of a host or its engine", () => {
    for (const [id, error] of FAILURES)
        it(`${id} names the host, says what is wrong in one line, and what to do in another sentence`, () => {
            const [problem] = error.problems;
            assert.equal(problem?.id, id);
            assert.match(problem.problem, /^[^\n]*(manager|worker)-1[^\n]*[^.]\.$/);
            assert.match(problem.advice, /^[A-Z][^\n]+\.$/);
            assert.ok(!error.message.includes("\n"));
        });

    it("is a part of a longer sentence without its id and advice", () => {
        assert.equal(
            reasonOf(FAILURES[0]![1]),
            "The engine of manager-1 refused POST /swarm/init (503): no room",
        );
        assert.equal(reasonOf(new Error("plain.")), "plain");
    });

    it("is waited for where one manager's failure may pass, and not where all show other host keys", () => {
        const [, unreachable, otherKey] = FAILURES.map(([, error]) => error as HostFailure);
        assert.equal(new NoManager([unreachable!, otherKey!]).passes, true);
        assert.equal(new NoManager([otherKey!]).passes, false);
    });

    it("of a locked manager says so in a few words, and how to open it", () => {
        const refused = (name: string, reason: string) => new EngineError(name, "GET /swarm", 503, reason);
        const { problems } = new NoManager([
            refused("manager-1", "rpc error: desc = The swarm does not have a leader. It's possible that"),
            refused("manager-2", "Swarm is encrypted and needs to be unlocked before it can be used."),
        ]);
        assert.equal(
            problems[0]?.problem,
            "No manager of the swarm answers (manager-1 is a manager without a leader; manager-2 is locked).",
        );
        assert.equal(problems[0]?.advice, "Open the locked managers: skep unlock.");
    });

    it("has an engine asked again where it is stopped or breaks off, since it may be restarting", () => {
        const asked = FAILURES.filter(([, error]) => !new NoManager([error as HostFailure]).noHostAnswers);
        assert.deepEqual(
            asked.map(([id]) => id),
            ["ENGINE_REFUSED", "ENGINE_STOPPED", "ENGINE_CONNECTION", "HOST_TIMEOUT"],
        );
    });

    it("stays what it was when a request broke because of it", () => {
        const lost = noConnection("worker-1", "x:22", undefined);
        assert.equal(brokenRequest("worker-1", "GET /info", lost), lost);
    });
});

describe("a wait", () => {
    it("that is in vain says what for, how long, and what was seen last", async () => {
        const probe = () => Promise.reject(FAILURES[6]![1]);
        await assert.rejects(
            until("worker-1 to answer", probe, 50, { signal: idle(), pollMs: 10 }),
            (error) => {
                assert.ok(error instanceof SkepError);
                assert.equal(error.problems[0]?.id, "WAIT_TIMED_OUT");
                assert.match(
                    error.message,
                    /for worker-1 to answer, in vain\. Last seen: worker-1 did not answer/,
                );
                return true;
            },
        );
    });

    it("ends at once when it is interrupted", async () => {
        const stop = new AbortController();
        const waiting = until("nothing", async () => false, 60_000, { signal: stop.signal });
        stop.abort();
        await assert.rejects(waiting, /^SkepError: CANCELLED: /);
    });
});

describe("a bundled provider", () => {
    it("carries the script that deploys stacks, and works without the project's files", async () => {
        const folder = await mkdtemp(join(tmpdir(), "skep-test-"));
        try {
            const bundle = join(folder, "plugin");
            await buildPlugin("providers/swarm/main.ts", bundle);
            const text = await readFile(bundle, "utf8");
            assert.match(text, /docker --config .{1,4}\$dir/);
            assert.ok(
                !text.includes('scripts/host/deploy.sh")'),
                "it still reads the script from the project",
            );
        } finally {
            await rm(folder, { recursive: true });
        }
    }).timeout(60_000);
});

function idle(): AbortSignal {
    return new AbortController().signal;
}
