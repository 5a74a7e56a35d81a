// What up, preview and destroy print: plans by the parts of the stack, how far they have come, and their last lines.

import assert from "node:assert/strict";
import { WriteStream } from "node:tty";
import * as auto from "@pulumi/pulumi/automation";
import { Command } from "commander";
import { declareChange } from "../../cli/declare/change";
import { hasColour, planLines } from "../../cli/plan";
import { doneSummary, planSummary } from "../../cli/print";
import { table } from "../../cli/text";
import { operate } from "../../cli/pulumi/operate";
import type { Step } from "../../cli/pulumi/steps";
import type { Part } from "../../planning/parts";
import { createProgress, type Progress } from "../../scripts/setup/progress";
import { assertMatches } from "../support/schema";

const step = (verb: string, type: string, name: string, part: Part, details?: string[]): Step => ({
    verb,
    type,
    name,
    part,
    ...(details && { details }),
});

const STEPS: readonly Step[] = [
    step("+ create", "skep:Engine", "engine", "Engines"),
    step("~ update", "swarm:HostFiles", "manager-1-files", "Engines", ["daemon.json: 1 key (dns)"]),
    step("~ update", "swarm:Node", "manager-1-node", "Swarm", [
        "availability: drain → active",
        "label a: 1 → 2",
    ]),
    step("+ create", "swarm:Node", "worker-3-node", "Swarm"),
    step("+ create", "swarm:Node", "worker-4-node", "Swarm"),
    step("- delete", "docker:Container", "worker-2", "Hosts"),
    step("- delete", "docker:Volume", "worker-2-docker", "Hosts", ["its data is lost"]),
    step("- delete", "docker:Volume", "worker-2-containerd", "Hosts", ["its data is lost"]),
    step("± replace", "docker:Container", "worker-1", "Hosts", ["hostname: a → b"]),
];
const OUTCOME = { steps: [...STEPS], changes: { same: 40, update: 2 }, left: [] };

describe("A plan", () => {
    it("is shown by the parts of the stack, what is lost first, with the word for what is done", () => {
        assert.deepEqual(planLines(STEPS), [
            "Hosts",
            "  - remove   worker-2  container, 2 volumes: its data is lost",
            "  ± replace  worker-1  container: hostname: a → b",
            "Engines",
            "  ~ change   manager-1  daemon.json: 1 key (dns)",
            "Swarm",
            "  ~ change   manager-1  availability: drain → active",
            "                        label a: 1 → 2",
            "  + make     worker-3, worker-4",
        ]);
    });

    it("names what is made in the same order on every run", () => {
        const made = ["worker-10", "worker-2", "manager-3", "manager-1"].map((name) =>
            step("+ create", "docker:Container", name, "Hosts"),
        );
        assert.deepEqual(planLines(made), [
            "Hosts",
            "  + make     manager-1, manager-3, worker-2, worker-10",
        ]);
    });

    it("shows every resource with --verbose, components too", () => {
        const lines = planLines(STEPS, { verbose: true }).filter((line) => /^ {2}[-+~±]/.test(line));
        assert.equal(lines.length, STEPS.length);
        assert.ok(lines.some((line) => line.includes("make     skep:Engine engine")));
    });

    it("is red where something is lost, on a terminal that may have colours", () => {
        const red = planLines(STEPS, { colour: true }).filter((line) => line.includes("\u001b[31m"));
        assert.deepEqual(
            red.map((line) => line.slice(5, 17).trim()),
            ["- remove", "± replace"],
        );
    });

    it("is without colours where nobody looks, and with NO_COLOR", () => {
        const terminal = Object.assign(Object.create(WriteStream.prototype) as WriteStream, { isTTY: true });
        const former = { ...process.env };
        Object.assign(process.env, { TERM: "xterm-256color" });
        for (const name of ["NO_COLOR", "CI", "FORCE_COLOR", "NODE_DISABLE_COLORS"]) delete process.env[name];
        try {
            assert.equal(hasColour(terminal), true);
            assert.equal(hasColour({} as NodeJS.WriteStream), false);
            process.env.NO_COLOR = "1";
            assert.equal(hasColour(terminal), false);
        } finally {
            process.env = former;
        }
    });

    it("is not cut by a terminal that does not know its width, and says that it has none", () => {
        assert.deepEqual(planLines(STEPS, { columns: 0 }), planLines(STEPS));
    });

    it("has no line longer than 80 columns, whatever there is to say", () => {
        const long = "x".repeat(100);
        const many = [...Array(40).keys()].map((i) => step("+ create", "swarm:Node", `${i}-node`, "Swarm"));
        const lines = planLines([step("~ update", "swarm:Node", long, "Swarm", [long]), ...many]);
        assert.deepEqual(
            lines.filter((line) => line.length > 80),
            [],
        );
        assert.match(lines.join("\n"), /make {5}0, 1, .* and \d+ more/);
    });
});

describe("The last line", () => {
    it("says what would be done, and afterwards what was done and how long it took", () => {
        assert.equal(planSummary(OUTCOME), "3 to make, 2 to change, 1 to replace, 3 to remove");
        assert.equal(doneSummary(OUTCOME, 12), "3 made, 2 changed, 1 replaced, 3 removed, 12 s");
    });

    it('begins with "No changes" where nothing changes', () => {
        const unchanged = { steps: [], changes: { same: 40 } };
        assert.equal(planSummary(unchanged), "No changes, 39 resources as they should be");
        assert.equal(doneSummary(unchanged, 4), "No changes, 39 resources as they should be, 4 s");
    });

    it("follows a table with aligned columns", () => {
        const rows = [
            ["node", "role"],
            ["manager-1", "manager"],
            ["w", ""],
        ];
        assert.deepEqual(
            table(rows).map((line) => `  ${line}`),
            ["  node       role", "  manager-1  manager", "  w"],
        );
    });
});

const URN = (types: string, name: string) => `urn:pulumi:test::skep::${types}::${name}`;
const NODE = "skep:index:Swarm$swarm:index:Node";
const ENGINE = "skep:index:Engine$swarm:index:HostEngine";

/** A stack whose up and preview send these events: [what happens, operation, types, name]. */
function stackWith(events: readonly (readonly ["begins" | "ends" | "fails", string, string, string])[]) {
    const kinds = { begins: "resourcePreEvent", ends: "resOutputsEvent", fails: "resOpFailedEvent" };
    const send = ({ onEvent }: auto.UpOptions) => {
        for (const [what, op, types, name] of events) {
            const metadata = {
                op,
                urn: URN(types, name),
                new: { parent: URN(types.split("$")[0]!, "parent") },
            };
            onEvent?.({ sequence: 1, timestamp: 1, [kinds[what]]: { metadata } } as auto.EngineEvent);
        }
    };
    return {
        name: "test-plan",
        up: async (options: auto.UpOptions) => {
            send(options);
            return { outputs: {}, summary: { resourceChanges: { create: 2 } } };
        },
        preview: async (options: auto.UpOptions) => {
            send(options);
            return { changeSummary: { create: 2 } };
        },
    } as unknown as auto.Stack;
}

/** Of the stack's parts, the size of one is known. */
const sizes = () => new Map<Part, number>([["Swarm", 2]]);

function recorder() {
    const lines: string[] = [];
    const note = (text: string, mark = "•") => void lines.push(`${mark} ${text}`);
    return { lines, progress: { note } as Progress };
}

describe("An up", () => {
    const joins = [
        ["begins", "create", "skep:index:Swarm", "swarm"],
        ["begins", "create", ENGINE, "manager-1-engine"],
        ["begins", "create", NODE, "manager-1-node"],
        ["begins", "create", NODE, "manager-2-node"],
        ["ends", "create", NODE, "manager-1-node"],
        ["ends", "create", NODE, "manager-2-node"],
        ["ends", "create", "skep:index:Swarm", "swarm"],
        ["ends", "create", ENGINE, "manager-1-engine"],
    ] as const;

    it("says when a part is done, with its count, and meanwhile what takes longest", async () => {
        const { lines, progress } = recorder();
        const updates: string[] = [];
        await operate(stackWith(joins), "up", progress, { sizes, update: (text) => void updates.push(text) });
        // The swarm's size is known, so its line does not wait for the end of the operation.
        assert.deepEqual(lines, [" ✓ Swarm         2 nodes", " ✓ Engines       1 host"]);
        assert.equal(updates[0], "manager-1: installing docker-ce");
        assert.equal(updates.at(-1), "");
        const withoutEngine = stackWith(joins.filter(([, , types]) => types !== ENGINE));
        updates.length = 0;
        await operate(withoutEngine, "up", progress, { sizes, update: (text) => void updates.push(text) });
        assert.ok(updates.includes("manager-2: joining"));
    });

    it("shows each resource when it begins, with --verbose only", async () => {
        const { lines, progress } = recorder();
        await operate(stackWith(joins), "up", progress, { sizes, verbose: true });
        assert.equal(lines[0], "• make skep:Swarm swarm");
        assert.equal(lines.filter((line) => line.startsWith("• make ")).length, 4);
    });

    it("names what failed in the line of its part", async () => {
        const { lines, progress } = recorder();
        const events = [
            ["begins", "update", NODE, "manager-1-node"],
            ["fails", "update", NODE, "manager-1-node"],
        ] as const;
        await operate(stackWith(events), "up", progress, { sizes });
        assert.deepEqual(lines, [" ✗ Swarm         manager-1 failed"]);
    });

    it("and a preview and a destroy print JSON as their schemas say", async () => {
        const { progress } = recorder();
        const preview = await operate(stackWith(joins), "preview", progress);
        assert.equal(preview.steps.length, 4);
        assertMatches("preview", preview);
        assertMatches("preview", { ...OUTCOME, pending: true });
        const left = [{ name: "x", id: "ENGINE_LEFT", reason: "y" }];
        const { outputs, ...up } = await operate(stackWith(joins), "up", progress, { sizes });
        assertMatches("up", { ...up, left, found: [], outputs });
        assertMatches("destroy", { changes: { delete: 3 }, removed: ["skep-dev-x"] });
        assert.throws(() => assertMatches("preview", { ...preview, more: 1 }), /additional properties/);
    });
});

describe("What a step waits for", () => {
    it("is said without a terminal too, once it has taken a while", async () => {
        let said = "";
        const progress = createProgress({ stream: { write: (text: string) => (said += text) } });
        const { setTimeout: original } = globalThis;
        const seconds: number[] = [];
        // Time passes at once: each timer but the first is noted only.
        globalThis.setTimeout = ((work: () => void, ms: number) => {
            seconds.push(ms / 1000);
            if (seconds.length === 1) work();
            return original(() => undefined, 0);
        }) as typeof setTimeout;
        try {
            await progress.step("Bringing up", async (update) => update("manager-2: joining"));
        } finally {
            globalThis.setTimeout = original;
        }
        assert.match(said, /^ {3}… manager-2: joining \(15 s\)$/m);
        assert.deepEqual(seconds, [15, 60]);
    });
});

describe("up, preview and destroy", () => {
    it("take --verbose", () => {
        const program = new Command();
        declareChange(program);
        for (const name of ["up", "preview", "destroy"]) {
            const command = program.commands.find((one) => one.name() === name);
            assert.ok(
                command?.options.some(({ long }) => long === "--verbose"),
                name,
            );
        }
    });
});
