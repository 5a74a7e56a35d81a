// Puts the dashboard's page together: one document with its style, its script and the first value. It loads nothing from
// anywhere else, and its policy lets the browser run nothing but what is in it.

import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";

const read = (name: string) => readFileSync(join(__dirname, "page", name), "utf8");
const hash = (text: string) => `'sha256-${createHash("sha256").update(text).digest("base64")}'`;

export interface Page {
    html: string;
    /** The value of the header Content-Security-Policy. */
    policy: string;
}

/** The page that shows this value. A `live` page then follows the stream beside it. */
export function renderPage(value: string, { live }: { live: boolean }): Page {
    const [style, script, frame] = [read("style.css"), read("app.js"), read("index.html")];
    const policy = [
        "default-src 'none'",
        `script-src ${hash(script)}`,
        `style-src ${hash(style)}`,
        `connect-src ${live ? "'self'" : "'none'"}`,
        "img-src data:",
        "base-uri 'none'",
        "form-action 'none'",
    ].join("; ");
    const parts: Record<string, string> = {
        // A policy in the document knows no frame-ancestors; a file is framed by nobody who matters.
        POLICY: policy,
        STYLE: `<style>${style}</style>`,
        SCRIPT: `<script>${script}</script>`,
        LIVE: String(live),
        // No text of the swarm may end the element that it stands in.
        VALUE: `<script type="application/json" id="value">${value.replaceAll("<", "\\u003c")}</script>`,
    };
    const html = frame.replace(
        /\{\{([A-Z]+)\}\}|<!-- ([A-Z]+) -->/g,
        (_, attribute?: string, element?: string) => parts[attribute ?? element ?? ""] ?? "",
    );
    return { html, policy: `${policy}; frame-ancestors 'none'` };
}
