// A compose file rendered for a test.
import { parse } from "yaml";
import { type ComposeInputs, type RenderedStack, renderStack } from "../../planning/compose";

/** Renders a compose file for the stack `shop`, with the mesh unless a test says otherwise. */
export function render(text: string, more: Partial<ComposeInputs> = {}): RenderedStack {
    return renderStack({
        text,
        path: "shop.yaml",
        stack: "shop",
        publish: "mesh",
        encrypted: false,
        variables: {},
        ...more,
    });
}

/** The lines and texts of problems, such as `3: services.web must be a map`. */
export function problemsOf(text: string, more: Partial<ComposeInputs> = {}): string[] {
    return render(text, more).problems.map((note) => `${note.line}: ${note.text}`);
}

/** As `problemsOf`, for warnings. */
export function warningsOf(text: string, more: Partial<ComposeInputs> = {}): string[] {
    return render(text, more).warnings.map((note) => `${note.line}: ${note.text}`);
}

/** A compose file with one service. */
export function service(lines: string, more = ""): string {
    const indented = lines === "" ? "" : `${lines.replace(/^(?=.)/gm, "    ")}\n`;
    return `services:\n  web:\n    image: web:1\n${indented}${more}`;
}

/** What is rendered, as data. */
export function rendered<T>(text: string, more: Partial<ComposeInputs> = {}): T {
    const { compose, problems } = render(text, more);
    if (problems.length > 0) throw new Error(JSON.stringify(problems));
    return parse(compose, { version: "1.1", intAsBigInt: false }) as T;
}
