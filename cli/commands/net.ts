// `skep net`: a shell or a command inside one of the swarm's networks, to see what a service sees.

import { serviceNamed } from "../../planning/engine-api";
import { enterCommand, networksOf, onNetwork, type Place, taskPlace } from "../../swarm/net";
import type { Options } from "../options";
import { hostNamed, nameUnknown, onStanding, type Standing, type StandingHost } from "../stack/standing";
import { sshTo } from "../stack/system-ssh";

export interface NetOptions extends Options {
    /** The node on which it runs. */
    node?: string;
}

type Enter = (place: Place<StandingHost>) => Promise<number>;

/** Runs a command or a shell on a network, or where a service's task is. Passes its exit code on. */
export function net(name: string, command: readonly string[], options: NetOptions): Promise<void> {
    return onStanding(options, async (standing) => {
        const enter: Enter = (place) => sshTo(standing, place.host, enterCommand(place, command));
        process.exitCode = await netOf(standing, name, options, enter);
    });
}

/** The same with another way to enter. Throws NAME_UNKNOWN if there is neither such a service nor such a network. */
export async function netOf(
    standing: Standing,
    name: string,
    { node }: NetOptions,
    enter: Enter,
): Promise<number> {
    const { stack, hosts, swarm, progress } = standing;
    const only = node === undefined ? undefined : hostNamed(standing, node);
    const [services, networks] = await progress.step("Asking a manager", () =>
        Promise.all([swarm.services({}), networksOf(swarm)]),
    );
    const service = serviceNamed(services, name);
    if (service) {
        const place = await taskPlace(swarm, service, hosts, only);
        progress.note(`In the network of a task of ${name} on ${place.host.name}`);
        return enter(place);
    }
    const network = networks.find(({ Id, Name }) => Name === name || Id === name);
    if (network)
        return onNetwork(swarm, network, hosts, only, (place) => {
            progress.note(`On the network ${name}, on ${place.host.name}`);
            return enter(place);
        });
    const names = [...services.map(({ Spec }) => Spec.Name), ...networks.map(({ Name }) => Name)];
    throw nameUnknown(`The stack "${stack}" has no service and no overlay network "${name}".`, name, names);
}
