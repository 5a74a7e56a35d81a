// The provider "swarm": manages the Docker Swarm itself, its members, images and stacks from the inside.
import type { Provider } from "../runtime/types";
import { cluster } from "./cluster";
import { engineRollout } from "./engine-rollout";
import { hostEngine } from "./host-engine";
import { hostFiles } from "./host-files";
import { hostKey } from "./host-key";
import { hostLogin } from "./host-login";
import { image } from "./image";
import { node } from "./node";
import { stack } from "./stack";

export const swarm: Provider = {
    name: "swarm",
    version: "0.1.0",
    resources: {
        "swarm:index:Cluster": cluster,
        "swarm:index:Node": node,
        "swarm:index:HostEngine": hostEngine,
        "swarm:index:EngineRollout": engineRollout,
        "swarm:index:HostFiles": hostFiles,
        "swarm:index:HostKey": hostKey,
        "swarm:index:HostLogin": hostLogin,
        "swarm:index:Image": image,
        "swarm:index:Stack": stack,
    },
};
