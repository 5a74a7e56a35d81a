// Tests that are not like the others of their suite.

/**
 * A test that the rest of its suite depends on. When it fails, the suite skips the tests after it and prints the reason:
 * they would only wait for something that does not exist.
 */
export function required(title: string, test: Mocha.AsyncFunc): void {
    let failed = false;
    beforeEach(function () {
        if (!failed) return;
        console.log(`      skipped, since "${title}" failed`);
        this.skip();
    });
    it(title, test);
    afterEach(function () {
        failed ||= this.currentTest?.title === title && this.currentTest.state === "failed";
    });
}

/** A test that is too long for `npm test`: only `npm run test:full` has it, and `SKEP_TESTS=full npm run test:aws` or the like. */
export function inFull(title: string, test: Mocha.AsyncFunc): void {
    if (process.env.SKEP_TESTS === "full") it(title, test);
}
