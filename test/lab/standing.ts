// The tests that work on a swarm that stands: they share the lab of swarm.test.ts, each leaves it as it was.

import { testBackup } from "./backup";
import { testDamage } from "./damage";
import { testEveryDay } from "./every-day";
import { testEverySetting } from "./every-setting";
import { testHelp } from "./help";
import type { Lab } from "./lab";
import { testLooks } from "./looks";
import { testRecovery } from "./recovery";
import { testRepositories } from "./repositories";
import { testRotation } from "./rotation";
import { testStacks } from "./stacks";
import { testUpgrade } from "./upgrade";
import { testUpkeep } from "./upkeep";
import { testWholeness } from "./wholeness";

/** A lab of three zones that is up, with the sample on every node. */
export function testStanding(lab: Lab): void {
    const tests = [
        testRepositories,
        testEverySetting,
        testEveryDay,
        testRotation,
        testDamage,
        testLooks,
        testBackup,
        testStacks,
        testHelp,
        testWholeness,
        testUpkeep,
        testUpgrade,
        // Last: a swarm that does not come back would take the tests after it along.
        testRecovery,
    ];
    for (const test of tests) test(lab);
}
