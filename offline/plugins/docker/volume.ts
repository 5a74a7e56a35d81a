// docker.Volume: every change replaces it and loses its data.
import type { StandInResource } from "../stand-in";
import { nameFor } from "../shared";
import { engine, labelMap, unlessGone } from "./engine";

const INPUTS = ["labels", "name"];

export const volume: StandInResource = {
    inputs: INPUTS,
    computed: ["driver", "mountpoint", "name"],
    replaceOn: INPUTS,
    deleteBeforeReplace: true,
    async create(inputs, ctx) {
        const name = nameFor(inputs, ctx);
        await engine().createVolume({ Name: name, Driver: "local", Labels: labelMap(inputs.labels) });
        const made = await engine().getVolume(name).inspect();
        return { id: name, outs: { name, driver: made.Driver, mountpoint: made.Mountpoint } };
    },
    async read(id, state) {
        const found = await unlessGone(engine().getVolume(id).inspect());
        if (!found) return {};
        return { id, outs: { ...state, driver: found.Driver, mountpoint: found.Mountpoint } };
    },
    async delete(id) {
        await unlessGone(engine().getVolume(id).remove());
    },
};
