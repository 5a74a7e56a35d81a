// The dashboard's page in a real browser, with a swarm that does not exist.

import assert from "node:assert/strict";
import type { Browser, Page } from "playwright-core";
import { serve, type Dashboard } from "../../cli/dashboard/server";
import { dashboardView, latestEvents } from "../../planning/dashboard";
import { eventually } from "../lab/lab";
import { startBrowser } from "../support/browser";
import { sight, snapshot, task } from "../support/snapshots";

describe("The dashboard's page", function () {
    this.timeout(300_000);
    let browser: Browser | undefined;
    let dashboard: Dashboard;
    let current = "";
    const watching = new Set<(value: string) => void>();
    const complaints: string[] = [];

    before(async function () {
        browser = await startBrowser();
        if (!browser) return this.skip();
        dashboard = await serve({
            now: () => current,
            watch: (changed) => {
                watching.add(changed);
                return () => watching.delete(changed);
            },
        });
    });
    after(async () => {
        await browser?.close();
        await (dashboard as Dashboard | undefined)?.close();
    });
    beforeEach(() => show());
    afterEach(() => assert.deepEqual(complaints.splice(0), []));

    function show(...given: Parameters<typeof snapshot>): void {
        const view = dashboardView("dev", snapshot(...given), { stacks: [] });
        current = JSON.stringify({ view, events: latestEvents(view) });
        for (const changed of watching) changed(current);
    }

    /** The page; what the browser refuses or fails at is a complaint. */
    async function open(colorScheme: "light" | "dark" = "light", width = 1280): Promise<Page> {
        const page = await browser!.newPage({ colorScheme, viewport: { width, height: 800 } });
        page.on("console", (message) => complaints.push(message.text()));
        page.on("pageerror", (error) => complaints.push(error.message));
        page.on("request", (request) => {
            if (!request.url().startsWith(dashboard.url)) complaints.push(`loaded ${request.url()}`);
        });
        await page.goto(dashboard.url);
        await page.getByText("live", { exact: true }).waitFor();
        return page;
    }

    it("shows zones as columns side by side, with hosts as buttons that say what is on them", async () => {
        const page = await open();
        const boxes = await Promise.all(
            ["a", "b", "c"].map((zone) =>
                page.getByRole("group", { name: `Zone zone-${zone}` }).boundingBox(),
            ),
        );
        const [a, b, c] = boxes.map((box) => box?.x ?? -1);
        assert.ok(a! < b! && b! < c!, JSON.stringify(boxes));
        const zone = page.getByRole("group", { name: "Zone zone-a" });
        assert.equal(await zone.getByRole("button").count(), 2);
        await zone
            .getByRole("button", { name: "manager-1, manager, leader, ready, load 25 percent, no tasks" })
            .waitFor();
        await page
            .getByRole("button", { name: /^worker-1, worker, ready, .* 1 task: sample_web\.2$/ })
            .waitFor();
        assert.equal(await page.getByRole("status").textContent(), "All well");
        await page.close();
    });

    it("is reached by the keyboard: Tab and arrow keys go to each host and show what is on it", async () => {
        const page = await open();
        const seen = new Set<string>();
        for (let i = 0; i < 8; i++) {
            await page.keyboard.press("Tab");
            const host = await page.evaluate("document.activeElement.dataset?.host ?? ''");
            if (typeof host === "string" && host !== "") {
                seen.add(host);
                assert.equal(await page.locator("#details-title").textContent(), host);
            }
        }
        assert.deepEqual([...seen], ["manager-1", "worker-1", "manager-2", "manager-3"]);
        await page.locator('[data-host="manager-1"]').focus();
        await page.keyboard.press("ArrowRight");
        assert.equal(await page.evaluate("document.activeElement.dataset.host"), "worker-1");
        const stroke = "getComputedStyle(document.activeElement.querySelector('.card')).strokeWidth";
        assert.equal(await page.evaluate(stroke), "3.5px", "the focus is visible");
        await page.close();
    });

    it("keeps the keyboard's focus while tasks move from host to host", async () => {
        const page = await open();
        await page.locator('[data-host="worker-1"]').focus();
        const cell = page.locator('.task[data-place="sample_web.2"]');
        const before = (await cell.boundingBox())!.x;
        show([task(1, "manager-2"), task(2, "manager-3", "preparing")]);
        await page.locator('.task.starting[data-place="sample_web.2"]').waitFor();
        await page.getByRole("button", { name: /^manager-3, .* sample_web\.2 starting$/ }).waitFor();
        // The page's own policy forbids to wait by a script in it.
        await eventually(
            "the task to move",
            async () => (await cell.boundingBox())!.x > before + 300 || undefined,
        );
        assert.equal(await page.evaluate("document.activeElement.dataset.host"), "worker-1");
        await page.close();
    });

    it("says when hosts or all managers are away", async () => {
        const page = await open();
        const hosts = [
            sight("manager-1", "zone-a"),
            sight("worker-1", "zone-a", { engine: undefined, shell: undefined }),
        ];
        show([], { hosts });
        await page.getByRole("button", { name: /^worker-1, worker, no answer/ }).waitFor();
        assert.match((await page.getByRole("status").textContent()) ?? "", /finding/);
        show([], { swarm: undefined });
        await page.getByText("No manager answers: what runs is unknown").waitFor();
        await page
            .getByRole("button", { name: "worker-1, worker, engine up, load 25 percent, tasks unknown" })
            .waitFor();
        await page.close();
    });

    it("is dark where the system is, and light elsewhere", async () => {
        const [light, dark] = [await open("light"), await open("dark")];
        const ground = "getComputedStyle(document.body).backgroundColor";
        assert.notEqual(await light.evaluate(ground), await dark.evaluate(ground));
        const [one, other] = [await light.screenshot(), await dark.screenshot()];
        assert.notDeepEqual(one, other);
        await Promise.all([light.close(), dark.close()]);
    });

    it("fits a narrow window: columns stand below each other, and nothing sticks out", async () => {
        const page = await open("light", 400);
        const [a, b] = await Promise.all(
            ["a", "b"].map((zone) => page.getByRole("group", { name: `Zone zone-${zone}` }).boundingBox()),
        );
        assert.ok(b!.y > a!.y + a!.height - 1);
        const wide = await page.evaluate("document.documentElement.scrollWidth");
        assert.ok(Number(wide) <= 400, String(wide));
        await page.close();
    });

    it("takes text of the swarm for text", async () => {
        const name = "<img src=x onerror=alert(1)>";
        show([], { hosts: [sight(name, "zone-a")] });
        const page = await open();
        await page.getByRole("button", { name }).waitFor();
        assert.equal(await page.locator("img").count(), 0);
        await page.close();
    });
});
