// A manager's key file without its unlock key: what engines wrote, opened as swarmkit opens it.

import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { SkepError } from "../../errors";
import { isLockedKey, openNodeKey, opensNodeKey } from "../../planning/recovery/node-key";
import { RECORDED_KEY_FILES } from "../support/recorded-key-files";

const OTHER = `SWMKEY-1-${randomBytes(32).toString("base64").replace(/=+$/, "")}`;

function idOf(act: () => unknown): string {
    try {
        return `nothing thrown: ${String(act())}`;
    } catch (error) {
        if (!(error instanceof SkepError)) throw error;
        return error.problems.map(({ id }) => id).join();
    }
}

describe("A manager's key file", () => {
    for (const { writer, unlockKey, locked, opened } of RECORDED_KEY_FILES) {
        it(`of ${writer} is opened as swarm itself opens it`, () => {
            assert.equal(isLockedKey(locked), true);
            assert.equal(opensNodeKey(locked, unlockKey), true);
            assert.equal(openNodeKey(locked, unlockKey), opened);
            assert.equal(isLockedKey(opened), false);
        });

        it(`of ${writer} is not opened by another key`, () => {
            assert.equal(opensNodeKey(locked, OTHER), false);
            assert.equal(
                idOf(() => openNodeKey(locked, OTHER)),
                "KEY_WRONG",
            );
            assert.equal(
                idOf(() => openNodeKey(locked, unlockKey.replace("SWMKEY-1-", ""))),
                "KEY_WRONG",
            );
        });
    }

    const [{ locked, opened, unlockKey }] = RECORDED_KEY_FILES as [(typeof RECORDED_KEY_FILES)[0]];

    it("that is not locked stays as it is, whatever the key", () => {
        assert.equal(openNodeKey(opened, OTHER), opened);
        assert.equal(openNodeKey(opened, ""), opened);
    });

    it("is refused if it is damaged: nothing is returned that an engine would start with", () => {
        const sealed = /raft-dek: (.*)/.exec(locked)?.[1] ?? "";
        const record = Buffer.from(sealed, "base64");
        const flipped = Buffer.from(record);
        flipped[20] = (flipped[20] ?? 0) ^ 1;
        for (const bad of [flipped, record.subarray(0, 30), Buffer.from("no record")]) {
            const damaged = locked.replace(sealed, bad.toString("base64"));
            assert.equal(
                idOf(() => openNodeKey(damaged, unlockKey)),
                "KEY_FILE_UNREADABLE",
            );
        }
        assert.equal(
            idOf(() => openNodeKey("", unlockKey)),
            "KEY_FILE_UNREADABLE",
        );
        assert.equal(
            idOf(() => openNodeKey(locked.slice(0, 200), unlockKey)),
            "KEY_FILE_UNREADABLE",
        );
    });
});
