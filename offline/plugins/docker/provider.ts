// Stand-in for the official docker plugin: networks, volumes and containers of one engine.
import { version } from "@pulumi/docker/package.json";
import { standIn } from "../stand-in";
import { container } from "./container";
import { network } from "./network";
import { volume } from "./volume";

export const docker = standIn({
    name: "docker",
    version,
    config: ["host"],
    // Pulumi starts a process for each configured provider, so the environment is this provider's own.
    async configure({ host }) {
        if (host) process.env.DOCKER_HOST = host;
    },
    resources: {
        "docker:index/network:Network": network,
        "docker:index/volume:Volume": volume,
        "docker:index/container:Container": container,
    },
});
