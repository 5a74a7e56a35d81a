// Entry of the stand-in for the official command plugin.
import { serve } from "../../providers/runtime/serve";
import { command } from "./command/provider";

serve(command);
