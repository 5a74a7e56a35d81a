// Runs the project's scripts on hosts, with everything that they are given on standard input; what they found out is
// their last line.
import { isProblemId, SkepError, skepError } from "../errors";
import { renderHostScript } from "../planning/shell";
import type { Props } from "./context";
import { oneLine } from "./failures";
import type { Remote } from "./ssh";

/** A script waits up to 5 minutes for another one's lock, as long for the end of the first boot, and then works. */
export const SCRIPT_MS = 15 * 60_000;

/** Runs `script` as root with `inputs` as its variables; its last line, parsed. */
export async function runScript(
    on: Remote,
    script: string,
    inputs: Readonly<Record<string, string>>,
    timeoutMs = SCRIPT_MS,
    signal?: AbortSignal,
): Promise<Props> {
    const text = renderHostScript(script, inputs);
    const { code, stdout, stderr } = await on.exec("sudo -n sh", text, timeoutMs, signal);
    if (code !== 0) throw failed(on.name, code, stderr);
    return JSON.parse(stdout.trim().split("\n").at(-1) ?? "") as Props;
}

/** Scripts say in one line what is wrong: an id, a sentence, what to do. */
function failed(host: string, code: number, stderr: string): SkepError {
    const [, id, sentence] = /^skep: ([A-Z_]+): (.+)$/m.exec(stderr) ?? [];
    if (id && isProblemId(id) && sentence)
        return new SkepError([{ id, problem: `On ${host}: ${sentence}`, advice: "" }]);
    return skepError(
        "HOST_SCRIPT",
        `A script of Skep's ended with ${code} on ${host}: ${oneLine(stderr.split("\n").slice(-3).join(" "))}.`,
        "Look at the host, then run the same command again.",
    );
}
