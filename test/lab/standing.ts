// The tests of commands that work on a swarm that stands: they share the lab of swarm.test.ts, each leaves it as it was.

import { testHelp } from "./help";
import type { Lab } from "./lab";
import { testWholeness } from "./wholeness";

/** A lab of three zones that is up, with the sample on every node. */
export function testStanding(lab: Lab): void {
    testHelp(lab);
    testWholeness(lab);
}
