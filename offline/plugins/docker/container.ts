// docker.Container, as the official provider handles it: the program is compared with what the engine says, and the state
// keeps a container that was made when a later step failed.
import type Docker from "dockerode";
import type { Container } from "dockerode";
import { NotConverged, type Props } from "../../../providers/runtime/types";
import type { StandInResource } from "../stand-in";
import { differing } from "./compare";
import { nameFor } from "../shared";
import {
    checkContainer,
    COMPUTED,
    DEFAULTS,
    INPUTS,
    REPLACING_INPUTS,
    UPDATABLE_INPUTS,
} from "./container-inputs";
import { containerSpec, endpoint, updatable } from "./container-spec";
import { engine, unlessGone, unlessStatus } from "./engine";
import { readContainer } from "./read-back";
import { upload } from "./uploads";

const NO_SUCH_CONTAINER = 404;
const ALREADY_BEING_REMOVED = 409;
const DEFAULT_NETWORK = "bridge";

export const container: StandInResource = {
    inputs: INPUTS,
    required: ["image"],
    defaults: DEFAULTS,
    computed: COMPUTED,
    stable: COMPUTED,
    replaceOn: REPLACING_INPUTS,
    deleteBeforeReplace: true,
    check: checkContainer,
    differs: differing(INPUTS, COMPUTED),
    async create(inputs, ctx) {
        const docker = engine();
        const made = await docker.createContainer(containerSpec(nameFor(inputs, ctx), inputs));
        try {
            await joinNetworks(docker, made, inputs);
            await upload(made, inputs.uploads);
            if (ctx.signal.aborted) throw new Error("cancelled");
            if (inputs.start) await made.start();
        } catch (error) {
            // The official provider keeps the container in the state here, too.
            throw new NotConverged(made.id, inputs, [(error as Error).message]);
        }
        return { id: made.id, outs: readContainer(await made.inspect(), inputs) };
    },
    async update(id, olds, inputs) {
        const found = engine().getContainer(id);
        if (!olds.mustRun && inputs.mustRun && inputs.start) await found.start();
        if (UPDATABLE_INPUTS.some((key) => olds[key] !== inputs[key])) await found.update(updatable(inputs));
        return readContainer(await found.inspect(), inputs);
    },
    async read(id, state) {
        const found = await unlessGone(engine().getContainer(id).inspect());
        return found ? { id, outs: { ...state, ...readContainer(found, state) } } : {};
    },
    async delete(id) {
        const removed = engine().getContainer(id).remove({ force: true, v: true });
        await unlessStatus(removed, NO_SUCH_CONTAINER, ALREADY_BEING_REMOVED);
    },
};

/** Moves the container from the default network to its own, as the official provider does: its network mode stays "bridge". */
async function joinNetworks(
    docker: Docker,
    made: Container,
    { networksAdvanced = [] }: Props,
): Promise<void> {
    if (networksAdvanced.length === 0) return;
    await docker.getNetwork(DEFAULT_NETWORK).disconnect({ Container: made.id });
    for (const network of networksAdvanced as Props[])
        await docker
            .getNetwork(network.name)
            .connect({ Container: made.id, EndpointConfig: endpoint(network) });
}
