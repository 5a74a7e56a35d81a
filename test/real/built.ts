// Whether the real plugins exist. Building them takes minutes; `npm run test:real` and `test:full` do it first.

import { hasBridged } from "../../scripts/setup/bridged";

/** A hook that skips the tests, and says why, if nobody has built the real plugins. */
export async function skipWithoutRealPlugins(this: Mocha.Context): Promise<void> {
    if (await hasBridged()) return;
    console.log(
        "      skipped: the real plugins are not built, which takes 5 to 15 minutes; npm run test:real does",
    );
    this.skip();
}
