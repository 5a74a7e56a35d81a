// Which tasks publish other ports on their nodes than their service says. No I/O.
import type { SwarmService, SwarmTask } from "./engine-api";

interface Port {
    Protocol?: string;
    TargetPort?: number;
    PublishedPort?: number;
    PublishMode?: string;
}

/**
 * Services with a running task that publishes other ports on its node than the service says. When only such a port of a
 * service changes, the swarm leaves its tasks as they are.
 */
export function withOtherPorts(
    services: readonly SwarmService[],
    tasks: readonly SwarmTask[],
): SwarmService[] {
    return services.filter(({ ID, Spec }) => {
        const wanted = onNodes(Spec.EndpointSpec?.Ports);
        // The engine chooses a port that is not given.
        if (wanted.some(({ PublishedPort }) => !PublishedPort)) return false;
        return tasks.some(
            ({ ServiceID, DesiredState, Status }) =>
                ServiceID === ID &&
                DesiredState === "running" &&
                Status?.State === "running" &&
                named(onNodes(Status.PortStatus?.Ports)) !== named(wanted),
        );
    });
}

function onNodes(ports: readonly Port[] | null | undefined): Port[] {
    return (ports ?? []).filter(({ PublishMode }) => PublishMode === "host");
}

function named(ports: readonly Port[]): string {
    return ports
        .map(({ Protocol, TargetPort, PublishedPort }) => `${Protocol} ${TargetPort} ${PublishedPort}`)
        .sort()
        .join();
}
