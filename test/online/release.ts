// A release of Pulumi in the layout of its download site: for each kind of machine an archive with one top folder, and a
// list of checksums.

import { createHash } from "node:crypto";
import { gzipSync } from "node:zlib";
import { pack } from "tar-stream";
import { buffer } from "node:stream/consumers";
import { PULUMI_VERSION } from "../../scripts/setup/pulumi";

export const ARCHIVE = `pulumi-v${PULUMI_VERSION}-${process.platform}-${process.arch}.tar.gz`;
export const CHECKSUMS = `pulumi-${PULUMI_VERSION}-checksums.txt`;

/** The files of a release by their path. `programs` gives their contents by name. */
export async function releaseFiles(
    folder: string,
    programs: Readonly<Record<string, Buffer>>,
): Promise<Map<string, Buffer>> {
    const archive = pack();
    for (const [name, content] of Object.entries(programs))
        archive.entry({ name: `pulumi/${name}`, mode: 0o755 }, content);
    archive.finalize();
    const content = gzipSync(await buffer(archive), { level: 1 });
    const sum = createHash("sha256").update(content).digest("hex");
    const other = createHash("sha256").update("of another machine").digest("hex");
    const checksums = `${other}  pulumi-v${PULUMI_VERSION}-plan9-mips.tar.gz\n${sum}  ${ARCHIVE}\n`;
    return new Map([
        [`${folder}/${ARCHIVE}`, content],
        [`${folder}/${CHECKSUMS}`, Buffer.from(checksums)],
    ]);
}
