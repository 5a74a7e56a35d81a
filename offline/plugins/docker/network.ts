// docker.Network: every change replaces it.
import type { StandInResource } from "../stand-in";
import { differing } from "./compare";
import type { CheckFailure, Props } from "../../../providers/runtime/types";
import { nameFor } from "../shared";
import { engine, labelMap, unlessGone } from "./engine";
import { readNetwork } from "./read-back";

const INPUTS = ["driver", "ipamConfigs", "labels", "name"];
const COMPUTED = ["driver", "internal", "ipamConfigs", "name", "options", "scope"];

export const network: StandInResource = {
    inputs: INPUTS,
    defaults: { driver: "bridge", ipamDriver: "default" },
    computed: COMPUTED,
    replaceOn: INPUTS,
    deleteBeforeReplace: true,
    check: checkRanges,
    differs: differing(INPUTS, COMPUTED),
    async create(inputs, ctx) {
        const made = await engine().createNetwork({
            Name: nameFor(inputs, ctx),
            CheckDuplicate: true,
            Driver: inputs.driver,
            Labels: labelMap(inputs.labels),
            IPAM: { Driver: inputs.ipamDriver, Config: (inputs.ipamConfigs ?? []).map(ipamConfig) },
        });
        const found = await made.inspect();
        return { id: found.Id, outs: readNetwork(found) };
    },
    async read(id, state) {
        // The official provider takes the network for gone, too, when the engine does not answer.
        const found = await engine()
            .getNetwork(id)
            .inspect()
            .catch(() => undefined);
        if (!found) return {};
        return { id, outs: { ...state, ...readNetwork(found) } };
    },
    async delete(id) {
        await unlessGone(engine().getNetwork(id).remove());
    },
};

function checkRanges({ ipamConfigs }: Props): CheckFailure[] {
    const keys = Array.isArray(ipamConfigs)
        ? ipamConfigs.flatMap((range) => Object.keys(range as object))
        : [];
    return keys
        .filter((key) => !["gateway", "subnet"].includes(key))
        .map((key) => ({
            property: "ipamConfigs",
            reason: `'ipamConfigs.${key}' is not covered by the stand-in`,
        }));
}

// The engine refuses keys without a value here.
function ipamConfig({ subnet, gateway }: Props): Record<string, string> {
    return { Subnet: subnet, ...(gateway && { Gateway: gateway }) };
}
