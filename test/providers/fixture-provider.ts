// A provider for tests. Its one kind of thing is a JSON file, so that a test can make anything happen to it with one
// write.
import { appendFileSync, existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { serve } from "../../providers/runtime/serve";
import { NotConverged, type Props, type Resource } from "../../providers/runtime/types";

function load(path: string): Props {
    return JSON.parse(readFileSync(path, "utf8")) as Props;
}

/** Writes the thing and returns its outputs. A thing that is marked as slow exists but is not ready. */
function apply(inputs: Props): Props {
    const slow = existsSync(`${inputs.path}.slow`);
    writeFileSync(inputs.path, JSON.stringify({ size: inputs.size }));
    const outs = { size: inputs.size, token: `token-of-${inputs.size}` };
    if (slow) throw new NotConverged(inputs.path, outs, ["the thing is slow", "wait for it"]);
    return outs;
}

const thing: Resource = {
    required: ["path", "size"],
    computed: ["token"],
    secretOutputs: ["token"],
    replaceOn: ["path"],
    ignoreInDiff: ["endpoints"],
    refreshBeforeUpdate: true,
    drift: (state, inputs) => (state.size === inputs.size ? [] : ["size"]),
    async create(inputs) {
        return { id: inputs.path, outs: apply(inputs) };
    },
    async update(_id, _olds, inputs) {
        return apply(inputs);
    },
    async read(id, state) {
        if (!existsSync(id)) return {};
        const outs = { ...state, size: load(id).size };
        if (existsSync(`${id}.slow`)) throw new NotConverged(id, outs, ["the thing is still slow"]);
        return { id, outs };
    },
    async delete(id, state) {
        appendFileSync(`${id}.log`, `deleted by ${state.endpoints}\n`);
        rmSync(id, { force: true });
    },
};

serve({ name: "fixture", version: "0.1.0", resources: { "fixture:index:Thing": thing } });
