// What helps the user of a swarm, on a real one: the dashboard in a browser, the bundle for support, the machine's doctor.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import type { Diagnosis } from "../../cli/commands/doctor";
import { exitCodeOf } from "../../errors";
import { startBrowser } from "../support/browser";
import { assertMatches } from "../support/schema";
import { eventually, type Lab } from "./lab";

/** A lab that is up, with the sample on every node. */
export function testHelp(lab: Lab): void {
    it("shows in a browser how the tasks of a drained node leave it", async function () {
        const browser = await startBrowser();
        if (!browser) return this.skip();
        const dashboard = lab.start("dashboard", "--quiet");
        try {
            const address = /http:\/\/127\.0\.0\.1:\d+\/\S+\//;
            await dashboard.until(address);
            const [url = ""] = address.exec(dashboard.said) ?? [];
            const page = await browser.newPage();
            const complaints: string[] = [];
            page.on("console", (message) => complaints.push(message.text()));
            await page.goto(url);
            await page.getByText("live", { exact: true }).waitFor();
            await page
                .getByRole("button", { name: /^worker-3, worker, ready, .*sample_client\.worker-3/ })
                .waitFor();
            try {
                await lab.on("manager-1", "docker node update --availability drain worker-3");
                await page.getByRole("button", { name: /^worker-3, worker, drained, .*no tasks$/ }).waitFor();
                await page.locator("#events").getByText("sample_client.worker-3 left worker-3").waitFor();
                await page
                    .locator("#findings")
                    .getByText("The availability of worker-3 is drain, and the settings say active.")
                    .waitFor();
            } finally {
                await lab.on("manager-1", "docker node update --availability active worker-3");
            }
            await page
                .getByRole("button", { name: /^worker-3, worker, ready, .*sample_client\.worker-3/ })
                .waitFor();
            assert.deepEqual(complaints, []);
        } finally {
            await browser.close();
            const { code } = await dashboard.interrupt("terminal");
            assert.equal(code, 0, dashboard.said);
        }
    });

    it("writes the dashboard as one file, and a bundle for support that has every host and no secret", async () => {
        const html = lab.file("dashboard.html", "");
        assertMatches("dashboard", await lab.json("dashboard", "--html", html));
        assert.match(readFileSync(html, "utf8"), /"name":"worker-3"/);

        const path = join(html, "../bundle.tar.gz");
        const { file, files, missing } = await lab.json<{ file: string; files: string[]; missing: string[] }>(
            "support",
            "--to",
            path,
        );
        try {
            assertMatches("support", { file, files, missing });
            assert.deepEqual(missing, []);
            assert.equal(statSync(path).mode & 0o777, 0o600);
            for (const host of ["manager-1", "worker-3"])
                for (const part of ["docker.log", "firewall.txt", "addresses.txt", "events.txt"])
                    assert.ok(files.includes(`hosts/${host}/${part}`), `${host} ${part}`);
            const text = spawnSync("tar", ["xzOf", path], { encoding: "utf8", maxBuffer: 64e6 }).stdout;
            const secrets = await Promise.all(
                ["unlockKey", "registryPassword"].map((name) => lab.skep("output", name)),
            );
            assert.ok(secrets.every((secret) => secret.trim() !== "" && !text.includes(secret.trim())));
            assert.match(text, /Chain|-A INPUT|:INPUT/);
        } finally {
            rmSync(path, { force: true });
        }
    });

    it("writes no bundle if a host shows the unlock key anywhere, and names the file", async () => {
        const key = (await lab.skep("output", "unlockKey")).trim();
        const path = join(lab.file("none", ""), "../refused.tar.gz");
        const mark = "# left by a test:";
        const line = `${mark} ${Buffer.from(`key=${key}`).toString("base64")}\n`;
        await lab.on("worker-3", "sudo tee -a /etc/hosts >/dev/null", line);
        try {
            const refused = lab.start("support", "--to", path);
            assert.equal(await refused.result(), exitCodeOf("SUPPORT_SECRET"), refused.said);
            assert.match(refused.said, /SUPPORT_SECRET: .* hosts\/worker-3\/addresses\.txt of the bundle/);
            assert.ok(!refused.said.includes(key));
            assert.ok(!existsSync(path));
        } finally {
            await lab.on(
                "worker-3",
                `kept=$(grep -v '^${mark}' /etc/hosts) && echo "$kept" | sudo tee /etc/hosts >/dev/null`,
            );
        }
    });

    it("has its machine found fit by doctor", async () => {
        const diagnosis = await lab.json<Diagnosis>("doctor");
        assertMatches("doctor", diagnosis);
        assert.deepEqual(
            diagnosis.findings.filter(({ fitness }) => fitness === "unfit"),
            [],
        );
        await eventually("sample on every node", async () => {
            const tasks = await lab.on(
                "manager-1",
                "docker service ps sample_client --filter desired-state=running",
            );
            return /worker-3 +Running/.test(tasks) || undefined;
        });
    });
}
