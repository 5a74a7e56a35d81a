/**
 * A test of what the rest of its suite needs: once it has failed, the tests after it are skipped, with the reason, for
 * they would only wait for what is not there.
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
