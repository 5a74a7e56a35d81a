// docker.Network: every change replaces it.
import type { StandInResource } from "../stand-in";
import { differing } from "./compare";
import { engine, unlessGone } from "./engine";
import { labelMap, nameFor } from "./names";
import { readNetwork } from "./read-back";
import type { Props } from "../../../providers/runtime/types";

const INPUTS = [
    "attachable",
    "driver",
    "ingress",
    "internal",
    "ipamConfigs",
    "ipamDriver",
    "ipv6",
    "labels",
    "name",
    "options",
];
const COMPUTED = ["driver", "internal", "ipamConfigs", "name", "options", "scope"];

export const network: StandInResource = {
    inputs: INPUTS,
    defaults: { driver: "bridge", ipamDriver: "default" },
    computed: COMPUTED,
    replaceOn: INPUTS,
    deleteBeforeReplace: true,
    differs: differing(INPUTS, COMPUTED),
    async create(inputs, ctx) {
        const made = await engine().createNetwork({
            Name: nameFor(inputs, ctx),
            CheckDuplicate: true,
            Driver: inputs.driver,
            Internal: inputs.internal,
            Attachable: inputs.attachable,
            Ingress: inputs.ingress,
            // The official provider leaves out what is false: then the engine's own default counts.
            EnableIPv6: inputs.ipv6 || undefined,
            Options: inputs.options,
            Labels: labelMap(inputs.labels),
            IPAM: { Driver: inputs.ipamDriver, Config: (inputs.ipamConfigs ?? []).map(ipamConfig) },
        });
        const found = await made.inspect();
        return { id: found.Id, outs: readNetwork(found) };
    },
    async read(id, state) {
        // Official: whatever the engine answers but the network itself means that it is gone.
        const found = await engine()
            .getNetwork(id)
            .inspect()
            .catch(() => undefined);
        if (!found) return {};
        const outs = { ...state, ...readNetwork(found) };
        const isImport = Object.keys(state).length === 0;
        return { id, outs, ...(isImport && { inputs: onlyInputs(outs) }) };
    },
    async delete(id) {
        await unlessGone(engine().getNetwork(id).remove());
    },
};

function onlyInputs(outs: Props): Props {
    return Object.fromEntries(Object.entries(outs).filter(([key]) => INPUTS.includes(key)));
}

// Docker refuses keys without a value here, so only what is given is sent.
function ipamConfig({ subnet, gateway, ipRange, auxAddress }: Props): Record<string, string> {
    const config = { Subnet: subnet, Gateway: gateway, IPRange: ipRange, AuxiliaryAddresses: auxAddress };
    return Object.fromEntries(Object.entries(config).filter(([, value]) => value));
}
