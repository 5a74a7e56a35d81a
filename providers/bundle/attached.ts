// Serves the provider "swarm" and the stand-ins that the arguments name, in one process to which Pulumi attaches. aws is
// not among them: its SDK takes longer to load than all of these together.
import { serveAttached } from "../runtime/serve";
import { swarm } from "../swarm/provider";
import { command } from "../../offline/plugins/command/provider";
import { docker } from "../../offline/plugins/docker/provider";
import { random } from "../../offline/plugins/random/provider";
import { tls } from "../../offline/plugins/tls/provider";

const wanted = process.argv.slice(2);
void serveAttached([swarm, command, docker, random, tls].filter(({ name }) => wanted.includes(name)));
