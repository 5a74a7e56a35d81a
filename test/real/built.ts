// Whether the real plugins are there: building them takes minutes, which `npm run test:real` and `test:full` spend first.

import { hasBridged } from "../../scripts/setup/bridged";

/** A hook that skips, and says why, where the real plugins have not been built. */
export async function skipWithoutRealPlugins(this: Mocha.Context): Promise<void> {
    if (await hasBridged()) return;
    console.log(
        "      skipped: the real plugins are not built, which takes 5 to 15 minutes; npm run test:real does",
    );
    this.skip();
}
