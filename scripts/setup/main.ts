// Runs setup alone: node --import tsx scripts/setup/main.ts [--json]

import { SkepError } from "../../errors";
import { createProgress } from "./progress";
import { setup } from "./setup";

async function main(): Promise<void> {
    const json = process.argv.includes("--json");
    const tools = await setup({ progress: createProgress({ silent: json }), needs: "lab" });
    console.log(JSON.stringify(tools, null, json ? 0 : 2));
}

main().catch((error: unknown) => {
    console.error(error instanceof SkepError ? error.message : error);
    process.exitCode = 1;
});
