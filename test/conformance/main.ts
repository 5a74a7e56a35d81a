// `npm run conformance`: compares what plugins do with the same programs, among them a lab's own. It compares the stand-ins
// with the official plugins if Pulumi's downloads are in reach, else with the plugins built from Go modules.
// `-- standins`, `-- real` and `-- official` choose what to compare with; `-- all` also lists outputs that Skep does not read.

import { SkepError } from "../../errors";
import { createProgress } from "../../scripts/setup/progress";
import { reachability } from "../../scripts/setup/reachability";
import { PLUGIN_KINDS } from "../../scripts/setup/tools";
import { conformance } from "./conformance";

async function main(): Promise<number> {
    const progress = createProgress();
    const words = process.argv.slice(2);
    const asked = PLUGIN_KINDS.find((name) => words.includes(name));
    const kind = asked ?? ((await reachability(progress)).pulumi ? "official" : "real");
    const only = words.filter((word) => word !== asked && word !== "all");
    const { done, read, unread } = await conformance(kind, progress, only);
    for (const line of [...done, ...read, ...(words.includes("all") ? unread : [])]) console.log(line);
    console.log(
        `Between ${kind} plugins and stand-ins: ${done.length} differences in what is done, ` +
            `${read.length} in outputs that Skep reads, ${unread.length} in others`,
    );
    return done.length + read.length > 0 ? 1 : 0;
}

main().then(
    (code) => process.exit(code),
    (error: unknown) => {
        console.error(error instanceof SkepError ? error.message : error);
        process.exit(1);
    },
);
