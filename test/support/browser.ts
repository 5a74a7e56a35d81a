// A real browser for tests of the dashboard: Debian's Chromium. Nothing is downloaded from elsewhere.

import { existsSync } from "node:fs";
import { type Browser, chromium } from "playwright-core";
import { SkepError } from "../../errors";
import { createProgress } from "../../scripts/setup/progress";
import { installPackages } from "../../scripts/setup/programs";

const PROGRAM = "/usr/bin/chromium";

/** Starts Chromium, and installs it where that is possible; undefined, with a printed reason, where it is not. */
export async function startBrowser(): Promise<Browser | undefined> {
    try {
        if (!existsSync(PROGRAM))
            await installPackages(
                createProgress({}),
                ["chromium", "fonts-dejavu-core"],
                "A test of the dashboard",
            );
    } catch (error) {
        if (!(error instanceof SkepError)) throw error;
        console.log(`      skipped: there is no Chromium here: ${error.message}`);
        return undefined;
    }
    // Chromium's own sandbox refuses to run as root.
    return chromium.launch({
        executablePath: PROGRAM,
        args: process.getuid?.() === 0 ? ["--no-sandbox"] : [],
    });
}
