// What the dashboard says of a swarm, and to whom.

import assert from "node:assert/strict";
import { request } from "node:http";
import { text } from "node:stream/consumers";
import type { Problem } from "../../errors";
import { renderPage } from "../../cli/dashboard/page";
import { serve } from "../../cli/dashboard/server";
import { Watcher } from "../../cli/dashboard/watcher";
import { dashboardView, eventsBetween, latestEvents } from "../../planning/dashboard";
import { AT, node, sight, snapshot, task } from "../support/snapshots";

const WANTED = { stacks: [], availability: { "worker-1": "active" } } as const;
const view = (...given: Parameters<typeof snapshot>) => dashboardView("dev", snapshot(...given), WANTED);
const hostOf = (name: string, seen = view()) =>
    seen.zones.flatMap(({ hosts }) => hosts).find((host) => host.name === name);

const found = ({ findings }: ReturnType<typeof view>) => findings.map(({ problem }) => problem);

describe("The dashboard's view", () => {
    it("has zones as columns, each host with its role, its load and its tasks", () => {
        const seen = view();
        assert.deepEqual(
            seen.zones.map(({ name, hosts }) => [name, hosts.map((host) => host.name)]),
            [
                ["zone-a", ["manager-1", "worker-1"]],
                ["zone-b", ["manager-2"]],
                ["zone-c", ["manager-3"]],
            ],
        );
        const { leader, role, state, load, memory, disk } = hostOf("manager-1") ?? {};
        assert.deepEqual(
            { leader, role, state, load, memory, disk },
            {
                ...{ leader: true, role: "manager", state: "ready" },
                ...{ load: 25, memory: 25, disk: 60 },
            },
        );
        assert.deepEqual(
            hostOf("worker-1")?.tasks.map(({ place, phase }) => [place, phase]),
            [["sample_web.2", "running"]],
        );
        assert.deepEqual(seen.services, [{ name: "sample_web", running: 2, wanted: 2, image: "web:1" }]);
        assert.deepEqual(seen.quorum, { voters: 3, reachable: 3, text: "3 of 3, can lose 1" });
        assert.deepEqual(seen.findings, []);
    });

    it("tells a locked host from one that is down, drained or no member", () => {
        const locked = sight("manager-3", "zone-c");
        locked.engine!.member.state = "locked";
        const silent: Problem = { id: "HOST_UNREACHABLE", problem: "manager-2 is silent.", advice: "" };
        const hosts = [
            sight("manager-1", "zone-a"),
            sight("manager-2", "zone-b", { engine: undefined, shell: undefined, problems: [silent] }),
            locked,
            sight("worker-1", "zone-a"),
            sight("worker-2", "zone-b"),
            sight("worker-3", "zone-c", { engine: undefined }),
        ];
        const nodes = [
            node(hosts[0]!, "active", true),
            node(hosts[1]!),
            node(locked),
            node(hosts[3]!, "drain"),
        ];
        const seen = view([], { hosts, nodes });
        const states = hosts.map(({ name }) => hostOf(name, seen)?.state);
        assert.deepEqual(states, ["ready", "no answer", "locked", "drained", "no member", "engine silent"]);
        for (const finding of [
            "manager-2 is silent.",
            "manager-3 is locked: its engine waits for the unlock key.",
            "The availability of worker-1 is drain, and the settings say active.",
            "The host worker-2 is no node of the swarm.",
        ])
            assert.ok(found(seen).includes(finding), found(seen).join("\n"));
    });

    it("finds drift: another role, another zone's label, a member that is no host of the stack", () => {
        const hosts = [sight("manager-1", "zone-a"), sight("worker-1", "zone-a")];
        const promoted = node({ ...hosts[1]!, role: "manager", zone: "zone-z" });
        const stranger = node(sight("stranger", "zone-a"));
        const seen = view([task(1, "manager-1"), task(2, "manager-1")], {
            hosts,
            nodes: [node(hosts[0]!, "active", true), promoted, stranger],
        });
        assert.deepEqual(found(seen), [
            "worker-1 is a manager, and the stack made it a worker.",
            "worker-1 has the zone label zone-z, and stands in zone-a.",
            "The swarm has a member stranger (ready) that is no host of this stack.",
        ]);
    });

    it("keeps what a manager said last while none answers, and says since when", () => {
        const before = snapshot();
        const blind = snapshot([], { swarm: undefined, at: AT + 9000 });
        const seen = dashboardView("dev", blind, WANTED, { swarm: before.swarm!, at: before.at });
        assert.deepEqual([seen.blind, seen.lastSeen], [true, AT]);
        assert.equal(hostOf("worker-1", seen)?.tasks.length, 1);
        assert.equal(hostOf("manager-1", seen)?.leader, false);
        assert.deepEqual(found(seen), ["No manager answers."]);
        const never = dashboardView("dev", blind, WANTED);
        assert.deepEqual([never.services.length, never.lastSeen], [0, undefined]);
        assert.equal(hostOf("worker-1", never)?.state, "engine up");
        const [event] = eventsBetween(dashboardView("dev", before, WANTED), seen);
        assert.equal(event?.text, "No manager answers any more");
    });

    it("tells how tasks move, fail and leave", () => {
        const before = view();
        const after = view([task(1, "manager-2"), task(2, "manager-3", "preparing")]);
        assert.deepEqual(
            eventsBetween(before, after).map(({ text }) => text),
            ["sample_web.2 starts on manager-3, before on worker-1"],
        );
        const status = { State: "failed", Err: "exit 1", Timestamp: new Date(AT - 1000).toISOString() };
        const failed = view([task(1, "manager-2"), task(2, "worker-1", "failed", { Status: status })]);
        assert.deepEqual(
            eventsBetween(before, failed).map(({ text, kind }) => [text, kind]),
            [["sample_web.2 failed (exit 1) on worker-1", "bad"]],
        );
        const gone = view([
            task(1, "manager-2"),
            task(2, "worker-1", "running", { DesiredState: "shutdown" }),
        ]);
        assert.deepEqual(
            eventsBetween(before, gone).map(({ text }) => text),
            ["sample_web.2 left worker-1"],
        );
        const waiting = view([task(1, "manager-2"), task(2, "", "pending")]);
        assert.deepEqual(
            waiting.unplaced.map(({ place }) => place),
            ["sample_web.2"],
        );
        assert.equal(latestEvents(before).length, 2);
    });
});

interface Answer {
    status: number | undefined;
    headers: NodeJS.Dict<string | string[]>;
    body: Promise<string>;
}

function get(
    url: string,
    { method = "GET", host }: { method?: string; host?: string } = {},
): Promise<Answer> {
    return new Promise((done, fail) => {
        const asked = request(url, { method, agent: false, ...(host && { headers: { host } }) }, (response) =>
            done({ status: response.statusCode, headers: response.headers, body: text(response) }),
        );
        asked.on("error", fail).end();
    });
}

describe("The dashboard's server", () => {
    const source = { now: () => '{"a":"</script>"}', watch: () => () => undefined };

    it("shows nothing without the token, under another name, or to what is not a look", async () => {
        const { url, close } = await serve(source);
        try {
            const { origin, port } = new URL(url);
            assert.equal((await get(url)).status, 200);
            assert.equal((await get(url, { host: `localhost:${port}` })).status, 200);
            assert.equal((await get(url, { host: `evil.example:${port}` })).status, 421);
            assert.equal((await get(url, { host: "127.0.0.1" })).status, 421);
            for (const path of [
                "/",
                "/events",
                "/wrong/",
                `${new URL(url).pathname.slice(0, -2)}/`,
                "/wrong/events",
            ])
                assert.equal((await get(`${origin}${path}`)).status, 403, path);
            assert.equal((await get(url, { method: "POST" })).status, 405);
            assert.equal((await get(`${url}other`)).status, 404);
        } finally {
            await close();
        }
    });

    it("sends a page that may load nothing, with a policy for its own script alone", async () => {
        const { url, close } = await serve(source);
        try {
            const { headers, body } = await get(url);
            const policy = String(headers["content-security-policy"]);
            assert.match(
                policy,
                /^default-src 'none'; script-src 'sha256-[^']+'; style-src 'sha256-[^']+'; connect-src 'self';/,
            );
            assert.doesNotMatch(policy, /unsafe|\*|https?:/);
            assert.equal(headers["referrer-policy"], "no-referrer");
            assert.equal(headers["cache-control"], "no-store");
            const html = await body;
            assert.doesNotMatch(html, /(src|href)="(?!#)/);
            assert.ok(html.includes('{"a":"\\u003c/script>"}'));
        } finally {
            await close();
        }
    });

    it("says which port is taken", async () => {
        const first = await serve(source);
        const port = Number(new URL(first.url).port);
        await assert.rejects(serve(source, port), /DASHBOARD_PORT: .* port \d+ .*EADDRINUSE/);
        await first.close();
    });

    it("needs no server for a file, which then asks nobody", () => {
        const { html } = renderPage("{}", { live: false });
        assert.match(html, /data-live="false"/);
        assert.match(html, /connect-src 'none'/);
    });
});

describe("The dashboard's watcher", () => {
    it("looks only while somebody watches, and tells what changed", async () => {
        const all = [snapshot(), snapshot([task(1, "manager-2"), task(2, "manager-3")])];
        let looks = 0;
        const watcher = await Watcher.start("dev", WANTED, () => Promise.resolve(all[Math.min(looks++, 1)]!));
        const stop = new AbortController();
        const running = watcher.run(stop.signal, 5);
        await new Promise((done) => setTimeout(done, 50));
        assert.equal(looks, 1);
        const value = await new Promise<string>((done) => watcher.watch(done));
        stop.abort();
        await running;
        const { events } = JSON.parse(value) as { events: { text: string }[] };
        assert.equal(events[0]?.text, "sample_web.2 runs on manager-3, before on worker-1");
        assert.equal(events.length, 3);
    });
});
