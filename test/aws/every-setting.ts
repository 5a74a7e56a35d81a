// Every setting of `skep:aws`, changed on a standing stack.

import type { Lab } from "../lab/lab";
import { type Settings, testSettings } from "../lab/settings-walk";
import { ARCHITECTURE, OLDER } from "./cloud";

/** Changes that a standing stack follows, in place or with hosts made from now on. */
const FOLLOWED: readonly Settings[] = [
    {
        aws: {
            adminCidrs: ["0.0.0.0/0"],
            allowPublicAdmin: true,
            appCidrs: ["203.0.113.0/24"],
            appPorts: [8081],
            terminationProtection: true,
            tags: { team: "others" },
            manager: { type: "t3.medium", diskGib: 25 },
            worker: { type: "t3.medium", diskGib: 35 },
        },
    },
    {
        aws: {
            loadBalancer: false,
            connectVia: "public",
            image: { ami: OLDER, architecture: ARCHITECTURE, system: "debian-13" },
            network: { nat: "zone" },
        },
    },
];

const REFUSED: readonly { settings: Settings; id: string }[] = [
    // The bucket would go with all images that users have pushed.
    { settings: { registry: { replicas: 1 }, aws: { registryStorage: "volume" } }, id: "STACK_FIXED" },
    {
        settings: { aws: { region: "eu-west-1", network: { range: "10.61.0.0/16", subnets: "private" } } },
        id: "STACK_FIXED",
    },
];

const ELSEWHERE: Readonly<Record<string, string>> = {
    "aws.endpoint": "the stack's API is there",
    "aws.renew": "makes hosts anew on purpose",
};

/**
 * A standing stack on EC2. `configure` gives it other settings: those of `skep:aws` that `change` makes of the stack's own,
 * and those of `skep:registry`.
 */
export function testEveryAwsSetting(
    lab: Lab,
    configure: (change: (own: Settings) => Settings, registry?: object) => void,
): void {
    const section = (settings: Settings | undefined, key: string) => (settings?.[key] ?? {}) as Settings;
    testSettings(lab, {
        covers: (path) => path.startsWith("aws."),
        followed: FOLLOWED,
        refused: REFUSED,
        elsewhere: ELSEWHERE,
        kept: ["aws:Instance", "aws:Vpc", "aws:Subnet", "aws:Bucket", "swarm:Cluster", "swarm:Node"],
        configure: (settings) => {
            const aws = section(settings, "aws");
            const network = (own: Settings) => ({ ...section(own, "network"), ...section(aws, "network") });
            configure((own) => ({ ...aws, network: network(own) }), section(settings, "registry"));
        },
    });
}
