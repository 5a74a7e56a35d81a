// Entry of the stand-in for the official tls plugin.
import { serve } from "../../providers/runtime/serve";
import { tls } from "./tls/provider";

serve(tls);
