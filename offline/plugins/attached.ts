// Entry of the process that serves the provider "swarm" and the stand-ins named in its arguments to an engine that attaches
// to them. Without aws, whose SDK takes longer to load than all of these together.
import { serveAttached } from "../../providers/runtime/serve";
import { swarm } from "../../providers/swarm/provider";
import { command } from "./command/provider";
import { docker } from "./docker/provider";
import { random } from "./random/provider";
import { tls } from "./tls/provider";

const wanted = process.argv.slice(2);
void serveAttached([swarm, command, docker, random, tls].filter(({ name }) => wanted.includes(name)));
