// Entry of the stand-in for the official docker plugin.
import { serve } from "../../providers/runtime/serve";
import { docker } from "./docker/provider";

serve(docker);
