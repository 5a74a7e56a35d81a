// What a refusal says, for tests.

import assert from "node:assert/strict";
import { SkepError } from "../../errors";

/** The ids of the problems that this fails with. Fails itself if it is not refused, or throws something else. */
export async function refusedWith(work: Promise<unknown>): Promise<string> {
    const error = await work.then(
        () => assert.fail("it was not refused"),
        (reason: unknown) => reason,
    );
    assert.ok(error instanceof SkepError, String(error));
    return error.problems.map(({ id }) => id).join();
}
