// Entry of the stand-in for the official random plugin.
import { serve } from "../../providers/runtime/serve";
import { random } from "./random/provider";

serve(random);
