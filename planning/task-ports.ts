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
    return services.filter((service) => {
        const wanted = onNodes(service.Spec.EndpointSpec?.Ports);
        // The engine chooses a port that is not given.
        if (wanted.some(({ PublishedPort }) => !PublishedPort)) return false;
        return tasks.some(
            (task) =>
                task.ServiceID === service.ID &&
                task.DesiredState === "running" &&
                task.Status?.State === "running" &&
                named(portsOf(task, service)) !== named(wanted),
        );
    });
}

/** What a task publishes on its node. One that does not say has what its service said when it was made. */
function portsOf({ CreatedAt, Status }: SwarmTask, { Spec, PreviousSpec, UpdatedAt }: SwarmService): Port[] {
    const found = onNodes(Status?.PortStatus?.Ports);
    if (found.length > 0) return found;
    const isOlder = Date.parse(CreatedAt ?? "") < Date.parse(UpdatedAt ?? "");
    return onNodes((isOlder ? PreviousSpec : Spec)?.EndpointSpec?.Ports);
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
