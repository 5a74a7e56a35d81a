// Entry of the stand-in for the official aws plugin.
import { serve } from "../../providers/runtime/serve";
import { aws } from "./aws/provider";

serve(aws);
