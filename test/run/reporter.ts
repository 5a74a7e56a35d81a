// Prints mocha's usual output, and writes the counts as JSON into the file that SKEP_TEST_RESULT names.

import { writeFileSync } from "node:fs";
import Mocha from "mocha";

class CountingReporter extends Mocha.reporters.Spec {
    constructor(runner: Mocha.Runner, options: Mocha.MochaOptions) {
        super(runner, options);
        runner.once("end", () => {
            const file = process.env.SKEP_TEST_RESULT;
            if (!file) return;
            const { passes: passed, failures: failed, pending: skipped } = this.stats;
            writeFileSync(file, JSON.stringify({ passed, failed, skipped }));
        });
    }
}

// Mocha loads reporters as CommonJS modules.
export = CountingReporter;
