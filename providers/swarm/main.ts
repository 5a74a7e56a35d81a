// Entry of the provider "swarm" as a plugin of its own.
import { serve } from "../runtime/serve";
import { swarm } from "./provider";

serve(swarm);
