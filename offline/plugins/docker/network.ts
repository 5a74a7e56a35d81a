// docker.Network: every change replaces it.
import type { NetworkInspectInfo } from "dockerode";
import type { Props } from "../../../providers/runtime/types";
import type { StandInResource } from "../stand-in";
import { engine, unlessGone } from "./engine";
import { labelMap, nameFor } from "./names";

const INPUTS = [
    "attachable",
    "driver",
    "ingress",
    "internal",
    "ipamConfigs",
    "ipamDriver",
    "ipamOptions",
    "ipv6",
    "labels",
    "name",
    "options",
];

export const network: StandInResource = {
    inputs: INPUTS,
    defaults: { driver: "bridge", ipamDriver: "default" },
    computed: ["internal", "ipamConfigs", "name", "options", "scope"],
    replaceOn: INPUTS,
    deleteBeforeReplace: true,
    async create(inputs, ctx) {
        const name = nameFor(inputs, ctx);
        const made = await engine().createNetwork({
            Name: name,
            CheckDuplicate: true,
            Driver: inputs.driver,
            Internal: inputs.internal,
            Attachable: inputs.attachable,
            Ingress: inputs.ingress,
            EnableIPv6: inputs.ipv6,
            Options: inputs.options,
            Labels: labelMap(inputs.labels),
            IPAM: {
                Driver: inputs.ipamDriver,
                Options: inputs.ipamOptions,
                Config: (inputs.ipamConfigs ?? []).map(ipamConfig),
            },
        });
        const found = await made.inspect();
        return { id: found.Id, outs: { ...observed(found), name } };
    },
    async read(id, state) {
        const found = await unlessGone(engine().getNetwork(id).inspect());
        return found ? { id, outs: { ...state, ...observed(found) } } : {};
    },
    async delete(id) {
        await unlessGone(engine().getNetwork(id).remove());
    },
};

// Docker refuses keys without a value here, so only what is given is sent.
function ipamConfig({ subnet, gateway, ipRange, auxAddress }: Props): Record<string, string> {
    const config = { Subnet: subnet, Gateway: gateway, IPRange: ipRange, AuxiliaryAddresses: auxAddress };
    return Object.fromEntries(Object.entries(config).filter(([, value]) => value));
}

function observed(found: NetworkInspectInfo): Props {
    const configs = (found.IPAM?.Config ?? []) as Record<string, unknown>[];
    return {
        driver: found.Driver,
        internal: found.Internal,
        options: found.Options ?? {},
        scope: found.Scope,
        ipamConfigs: configs.map((config) => ({
            subnet: config.Subnet,
            gateway: config.Gateway,
            ipRange: config.IPRange,
            auxAddress: config.AuxiliaryAddresses,
        })),
    };
}
