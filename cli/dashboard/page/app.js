// The dashboard's page in the browser: draws the value that the document carries, then each value of the stream.
"use strict";

const SVG = "http://www.w3.org/2000/svg";
/** Sizes of the picture, in pixels. */
const [COLUMN, GAP, PAD, HEAD] = [300, 18, 14, 44];
const [CARD_HEAD, METERS, CELL, ROW] = [58, 30, 42, 36];
const HEXAGON = "M0-19 16.5-9.5V9.5L0 19-16.5 9.5V-9.5z";
const LEAVE_MS = 500;
const HIGH_PERCENT = 85;

/** An element of HTML or SVG with these attributes and children. Never takes markup. */
function make(name, attributes = {}, ...children) {
    const isSvg = ["svg", "g", "path", "rect", "text", "title"].includes(name);
    const element = isSvg ? document.createElementNS(SVG, name) : document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
    element.append(...children);
    return element;
}

const byId = (id) => document.getElementById(id);
const clock = (at) => new Date(at).toLocaleTimeString("en-GB");
const count = (n, word) => `${n} ${word}${n === 1 ? "" : "s"}`;

/** Changes a text only if it is another one, so that screen readers repeat nothing. */
function say(element, text) {
    if (element.textContent !== text) element.textContent = text;
}

/** Fills a list anew if what it shows has changed. */
function fill(list, items, draw) {
    const now = JSON.stringify(items);
    if (list.shown === now) return;
    list.shown = now;
    list.replaceChildren(...items.map(draw));
}

/** How good a host's state is. */
function kindOf(state) {
    if (state === "ready") return "good";
    return ["drained", "paused", "engine up"].includes(state) ? "warn" : "bad";
}

/** The place of each task of a host, in rows of a honeycomb. */
function cells(n, width) {
    const each = Math.max(1, Math.floor((width - 2 * PAD - CELL / 2) / CELL));
    return Array.from({ length: n }, (_, i) => {
        const row = Math.floor(i / each);
        return { x: PAD + 19 + (i % each) * CELL + (row % 2) * (CELL / 2), y: row * ROW + 22, row };
    });
}

/** What a screen reader says of a host. */
function labelOf({ name, role, leader, state, load, tasks }, none) {
    const running = tasks.map(({ place, phase }) => (phase === "running" ? place : `${place} ${phase}`));
    return [
        `${name}, ${role}${leader ? ", leader" : ""}, ${state}`,
        ...(load === undefined ? [] : [`load ${load} percent`]),
        running.length === 0 ? none : `${count(running.length, "task")}: ${running.join(", ")}`,
    ].join(", ");
}

/** The zones as columns, their hosts as cards, and tasks as cells that move between them. */
class Hive extends HTMLElement {
    connectedCallback() {
        this.zones = make("g");
        this.cells = make("g", { "aria-hidden": "true", class: "tasks" });
        this.svg = make(
            "svg",
            { role: "group", "aria-label": "Zones and their hosts" },
            this.zones,
            this.cells,
        );
        this.append(this.svg);
        this.hosts = new Map();
        this.tasks = new Map();
        new ResizeObserver(() => this.view && this.draw(this.view)).observe(this);
        this.addEventListener("keydown", (event) => this.move(event));
    }

    /** Arrow keys go through the hosts as they stand in the picture. */
    move(event) {
        const step = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 }[event.key];
        const all = [...this.svg.querySelectorAll(".host")];
        const at = all.indexOf(document.activeElement);
        if (!step || at < 0) return;
        event.preventDefault();
        all[(at + step + all.length) % all.length].focus();
    }

    draw(view) {
        this.view = view;
        const width = this.clientWidth || 1000;
        const most = Math.max(1, Math.floor((width + GAP) / (COLUMN + GAP)));
        const columns = Math.min(view.zones.length || 1, most);
        const column = (width - GAP * (columns - 1)) / columns;
        const services = view.services.map(({ name }) => name);
        this.classList.toggle("stale", view.blind);
        const placed = [];
        const names = new Set();
        const groups = [];
        let [top, tallest] = [0, 0];
        view.zones.forEach((zone, i) => {
            const x = (i % columns) * (column + GAP);
            if (i % columns === 0 && i > 0) [top, tallest] = [top + tallest + GAP, 0];
            let y = HEAD;
            const cards = zone.hosts.map((host) => {
                names.add(host.name);
                const card = this.card(host, column - 2 * PAD, view);
                card.element.setAttribute("transform", `translate(${PAD} ${y})`);
                card.places.forEach((place, j) =>
                    placed.push({
                        task: host.tasks[j],
                        x: x + PAD + place.x,
                        y: top + y + CARD_HEAD + METERS + place.y,
                    }),
                );
                y += card.height + PAD;
                return card.element;
            });
            tallest = Math.max(tallest, y);
            groups.push({ zone, x, y: top, height: y, cards });
        });
        // A column is as tall as the tallest one beside it.
        const heights = new Map();
        for (const { y, height } of groups) heights.set(y, Math.max(heights.get(y) ?? 0, height));
        this.place(groups, column, heights, view.lastSeen !== undefined);
        for (const [name, { element }] of this.hosts)
            if (!names.has(name)) {
                element.remove();
                this.hosts.delete(name);
            }
        let height = top + tallest;
        if (view.unplaced.length > 0) {
            cells(view.unplaced.length, width).forEach((place, i) =>
                placed.push({ task: view.unplaced[i], x: place.x, y: height + GAP + place.y }),
            );
            height += GAP + CELL * (1 + Math.floor((view.unplaced.length * CELL) / width));
        }
        this.moveTasks(placed, services);
        this.svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
        this.svg.setAttribute("height", height);
    }

    /** Puts the columns in place. Keeps elements that stay, so that the keyboard's focus stays. */
    place(groups, column, heights, isKnown) {
        const shape = JSON.stringify(
            groups.map(({ zone }) => [zone.name, zone.hosts.map(({ name }) => name)]),
        );
        if (shape !== this.shape) {
            this.shape = shape;
            this.zones.replaceChildren(
                ...groups.map(({ zone, cards }) =>
                    make(
                        "g",
                        { class: "zone", role: "group", "aria-label": `Zone ${zone.name}` },
                        make("rect", { rx: 18 }),
                        make("text", { class: "name", x: PAD + 4, y: 28 }, zone.name),
                        make("text", { class: "count", y: 28 }),
                        ...cards,
                    ),
                ),
            );
        }
        groups.forEach(({ zone, x, y }, i) => {
            const element = this.zones.children[i];
            element.setAttribute("transform", `translate(${x} ${y})`);
            element.children[0].setAttribute("width", column);
            element.children[0].setAttribute("height", heights.get(y));
            element.children[2].setAttribute("x", column - PAD - 4);
            const tasks = zone.hosts.reduce((sum, host) => sum + host.tasks.length, 0);
            const there = isKnown ? `, ${count(tasks, "task")}` : "";
            say(element.children[2], `${count(zone.hosts.length, "host")}${there}`);
        });
    }

    /** A host's card, drawn anew inside of the element that it had. */
    card(host, width, { autolock, lastSeen }) {
        let kept = this.hosts.get(host.name);
        if (!kept) {
            const element = make("g", {
                class: "host",
                role: "button",
                tabindex: "0",
                "data-host": host.name,
            });
            const choose = () => this.dispatchEvent(new CustomEvent("choose", { detail: host.name }));
            element.addEventListener("click", choose);
            element.addEventListener("focus", choose);
            element.addEventListener("keydown", (event) => {
                if (!["Enter", " "].includes(event.key)) return;
                event.preventDefault();
                choose();
            });
            kept = { element };
            this.hosts.set(host.name, kept);
        }
        const places = cells(host.tasks.length, width);
        const rows = Math.max(1, (places.at(-1)?.row ?? 0) + 1);
        const height = CARD_HEAD + METERS + 10 + rows * ROW + 8;
        const { element } = kept;
        const away = kindOf(host.state) === "bad";
        element.classList.toggle("away", away);
        const none = lastSeen === undefined ? "tasks unknown" : "no tasks";
        element.setAttribute("aria-label", labelOf(host, none));
        const now = JSON.stringify([host, width, autolock, none]);
        if (kept.now !== now) {
            kept.now = now;
            element.replaceChildren(
                make("rect", { class: "card", width, height, rx: 13 }),
                ...cardParts(host, width, autolock),
                ...(host.tasks.length === 0
                    ? [make("text", { class: "none", x: PAD, y: CARD_HEAD + METERS + 27 }, none)]
                    : []),
            );
        }
        return { element, height, places };
    }

    /** Tasks keep their cell's element, so that one that changes hosts is seen to move. */
    moveTasks(placed, services) {
        const there = new Set();
        for (const { task, x, y } of placed) {
            const key = `${task.place} ${task.phase === "failed" ? "failed" : ""}`;
            there.add(key);
            let cell = this.tasks.get(key);
            if (!cell) {
                cell = make("g", {}, make("path", { d: HEXAGON }), make("text"), make("title"));
                this.tasks.set(key, cell);
                this.cells.append(cell);
            }
            const color = services.indexOf(task.service) % 8;
            cell.setAttribute("class", `task ${task.phase} s${color}`);
            cell.dataset.place = task.place;
            cell.style.transform = `translate(${x}px, ${y}px)`;
            const short = task.service.replace(/^.*_/, "").slice(0, 2);
            say(cell.children[1], task.phase === "failed" ? "!" : short);
            say(cell.children[2], `${task.place}: ${task.state}${task.error ? ` (${task.error})` : ""}`);
        }
        for (const [key, cell] of this.tasks) {
            if (there.has(key)) continue;
            this.tasks.delete(key);
            cell.classList.add("leaving");
            setTimeout(() => cell.remove(), LEAVE_MS);
        }
    }
}

/** What stands on a host's card, without its tasks. */
function cardParts({ name, role, leader, state, load, memory, disk, engine }, width, autolock) {
    const kind = kindOf(state);
    const parts = [
        make("text", { class: "name", x: PAD + (leader ? 27 : 0), y: 27 }, name),
        make(
            "text",
            { class: "role", x: PAD, y: 46 },
            `${leader ? "leader" : role}${engine ? `, ${engine}` : ""}`,
        ),
        make("text", { class: `state ${kind}`, x: width - PAD, y: 27 }, state),
    ];
    if (leader)
        parts.push(
            make(
                "path",
                { class: "crown", d: `M${PAD} 27V14l5 5 5-8 5 8 5-5v13z` },
                make("title", {}, "leader"),
            ),
        );
    if (role === "manager" && autolock !== undefined) {
        const shut = state === "locked";
        const bow = shut || autolock ? "M-3.5-1v-3a3.5 3.5 0 0 1 7 0v3" : "M-3.5-1v-4a3.5 3.5 0 0 1 6.6-1.6";
        const text = shut
            ? "locked: it waits for the unlock key"
            : autolock
              ? "its keys are sealed"
              : "autolock is off";
        parts.push(
            make(
                "g",
                { class: shut ? "lock shut" : "lock", transform: `translate(${width - PAD - 6} 44)` },
                make("path", { d: bow }),
                make("path", { class: "body", d: "M-5-1H5V6H-5z" }),
                make("title", {}, text),
            ),
        );
    }
    const third = (width - 2 * PAD - 20) / 3;
    [
        ["load", load],
        ["memory", memory],
        ["disk", disk],
    ].forEach(([what, percent], i) => {
        if (percent === undefined) return;
        const [x, part] = [PAD + i * (third + 10), Math.min(100, percent) / 100];
        parts.push(
            make(
                "g",
                { class: "meter", transform: `translate(${x} ${CARD_HEAD})` },
                make("text", { y: 11 }, `${what} ${percent} %`),
                make("rect", { class: "rail", y: 17, width: third, height: 5, rx: 2.5 }),
                make("rect", {
                    class: percent > HIGH_PERCENT ? "fill high" : "fill",
                    y: 17,
                    width: Math.max(3, third * part),
                    height: 5,
                    rx: 2.5,
                }),
            ),
        );
    });
    return parts;
}

/** A small hexagon beside a text. */
function hexagon(kind) {
    return make(
        "svg",
        { class: kind, viewBox: "-18 -20 36 40", "aria-hidden": "true" },
        make("path", { d: HEXAGON }),
    );
}

customElements.define("skep-hive", Hive);
const hive = byId("hive");
let chosen;
let shown;

function draw(value) {
    shown = value;
    const { view, events } = value;
    const { stack, quorum, findings, services, autolock, at, blind, lastSeen } = view;
    document.title = `${stack} - Skep`;
    say(byId("stack"), stack);
    const isUnwell = blind || findings.some(({ severity }) => severity === "error");
    byId("health").className = isUnwell ? "bad" : findings.length > 0 ? "warn" : "good";
    const well = findings.length > 0 ? count(findings.length, "finding") : "All well";
    const then = lastSeen === undefined ? "what runs is unknown" : `tasks as of ${clock(lastSeen)}`;
    say(byId("health"), blind ? `No manager answers: ${then}` : well);
    fill(byId("facts"), [{ quorum, autolock }], () => {
        const pips = Array.from({ length: quorum.voters }, (_, i) =>
            hexagon(i < quorum.reachable ? "on" : "off"),
        );
        const votes = make("dd", {}, make("span", { class: "pips" }, ...pips));
        votes.append(quorum.text);
        const lock = make("dd", {}, autolock === undefined ? "unknown" : autolock ? "on" : "off");
        const parts = make("div", {}, make("dt", {}, "Quorum"), votes);
        const others = make("div", {}, make("dt", {}, "Autolock"), lock);
        const both = document.createDocumentFragment();
        both.append(parts, others);
        return both;
    });
    hive.draw(view);
    drawServices(services);
    const good = { severity: "good", problem: "Everything is as the stack says." };
    fill(byId("findings"), findings.length > 0 ? findings : [good], ({ severity, problem }) =>
        make("li", { class: severity }, problem),
    );
    fill(byId("events"), events, (event) =>
        make("li", { class: event.kind }, make("time", {}, clock(event.at)), make("span", {}, event.text)),
    );
    say(byId("at"), `As of ${clock(at)}, ${new Date(at).toLocaleDateString("en-GB", { dateStyle: "long" })}`);
    drawDetails();
}

function drawServices(services) {
    const rows = services.map((service, i) => ({ ...service, color: i % 8 }));
    fill(byId("services"), rows, ({ name, running, wanted, image, color }) =>
        make(
            "li",
            { class: `s${color}` },
            hexagon("swatch"),
            make("span", { class: "name" }, name),
            make("span", { class: running < wanted ? "warn" : "good" }, `${running} of ${wanted}`),
            make("span", { class: "image", title: image }, image),
        ),
    );
    if (rows.length === 0)
        byId("services").replaceChildren(make("li", { class: "hint" }, "None, or nobody says."));
}

function drawDetails() {
    const host = shown.view.zones.flatMap(({ hosts }) => hosts).find(({ name }) => name === chosen);
    for (const [name, { element }] of hive.hosts) {
        element.classList.toggle("chosen", name === chosen);
        element.setAttribute("aria-pressed", String(name === chosen));
    }
    say(byId("details-title"), host ? host.name : "Host");
    fill(byId("details-body"), [host ?? null], (given) =>
        given ? details(given) : make("p", { class: "hint" }, "Choose a host to see what is on it."),
    );
}

function details({ role, leader, zone, state, address, engine, tasks, problems }) {
    const row = (name, value) => [make("dt", {}, name), make("dd", {}, value)];
    return make(
        "dl",
        {},
        ...row("Role", leader ? `${role}, leader` : role),
        ...row("State", state),
        ...row("Zone", zone),
        ...row("Address", address),
        ...row("Engine", engine || "no answer"),
        ...tasks.flatMap((task, i) =>
            row(
                i === 0 ? "Tasks" : "",
                `${task.place}: ${task.state}${task.error ? ` (${task.error})` : ""}`,
            ),
        ),
        ...problems.flatMap((problem) => row("Problem", problem)),
    );
}

hive.addEventListener("choose", ({ detail }) => {
    chosen = detail;
    drawDetails();
});

draw(JSON.parse(byId("value").textContent));

const live = byId("live");
if (document.body.dataset.live === "true") {
    const stream = new EventSource("events");
    const tell = (kind, text) => {
        live.className = kind;
        say(live, text);
    };
    stream.onopen = () => tell("on", "live");
    stream.onmessage = ({ data }) => draw(JSON.parse(data));
    stream.onerror = () => tell("lost", "not connected");
} else say(live, "a picture");
