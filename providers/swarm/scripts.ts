// Shell scripts of the project that the provider runs on hosts. Read from their files here; in a bundled provider this
// module is replaced by one that carries them.
import { readFileSync } from "node:fs";
import { resolve } from "node:path";

/** Deploys a stack on a manager; what it reads and does stands in the script. */
export const deployScript = readFileSync(resolve(__dirname, "../../scripts/host/deploy.sh"), "utf8");
