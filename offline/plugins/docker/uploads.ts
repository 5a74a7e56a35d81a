// Files put into a container before it starts.
import { readFile } from "node:fs/promises";
import type { Container } from "dockerode";
import { pack } from "tar-stream";
import type { Props } from "../../../providers/runtime/types";

const PLAIN_MODE = 0o644;
const EXECUTABLE_MODE = 0o744;

/** Puts all files into the container, in the order given; missing folders are made. */
export async function upload(container: Container, files: Props[] = []): Promise<void> {
    if (files.length === 0) return;
    const archive = pack();
    for (const file of files) {
        archive.entry({ name: withoutRoot(file.file), mode: modeOf(file) }, await contentOf(file));
    }
    archive.finalize();
    const chunks: Buffer[] = [];
    for await (const chunk of archive) chunks.push(chunk as Buffer);
    await container.putArchive(Buffer.concat(chunks), { path: "/" });
}

function withoutRoot(path: string): string {
    return path.replace(/^\/+/, "");
}

function modeOf({ permissions, executable }: Props): number {
    if (permissions) return parseInt(permissions, 8);
    return executable ? EXECUTABLE_MODE : PLAIN_MODE;
}

async function contentOf({ content, contentBase64, source }: Props): Promise<Buffer> {
    if (contentBase64 !== undefined) return Buffer.from(contentBase64, "base64");
    return source ? readFile(source) : Buffer.from(content ?? "");
}
