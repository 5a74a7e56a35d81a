// Docker 29 from Go modules, for labs where Docker's own packages are out of reach and Debian has no such engine. Only stacks
// that ask for it have it built. repository.ts adds it to the packages that lab hosts see.

import { join } from "node:path";
import { BUILT_ENGINE } from "../../planning/tested-engines";
import type { Progress } from "./progress";
import { cachedFolder, folderHash } from "./cache";
import { withGo } from "./go";
import { installPackages } from "./programs";

const SOURCE = join(__dirname, "../../offline/engine29");
/** Measured: 11 minutes of processor time; 5 to 6 minutes on two idle cores, 15 on busy ones. */
const BUILD_SECONDS = 3600;

/** The folder of the cache with the programs of Docker 29, which are built once. */
export async function ensureBuiltEngine(progress: Progress): Promise<string> {
    return cachedFolder(
        `engine29/${await folderHash(SOURCE)}`,
        (folder) => build(progress, folder),
        progress,
    );
}

async function build(progress: Progress, folder: string): Promise<void> {
    const name = `Docker ${BUILT_ENGINE.engine}`;
    await installPackages(
        progress,
        ["gcc", "libc6-dev", "debian-archive-keyring"],
        `${name} from Go modules`,
    );
    await withGo(progress, "engine29", (go) =>
        progress.step(`Building ${name} from its Go modules, once: about 10 minutes`, () =>
            go.script({
                what: `building ${name}`,
                file: join(SOURCE, "build.sh"),
                args: [folder],
                // The cache removes this folder with what a killed build leaves in it.
                temporary: folder,
                timeoutSeconds: BUILD_SECONDS,
            }),
        ),
    );
}
