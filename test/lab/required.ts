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
