// Files put into a container before it starts.
import type { Container } from "dockerode";
import { pack } from "tar-stream";
import type { Props } from "../../../providers/runtime/types";

const MODE = 0o644;

/** Puts the files into the container, in the order given. Docker makes missing folders. */
export async function upload(container: Container, files: Props[] = []): Promise<void> {
    if (files.length === 0) return;
    const archive = pack();
    for (const { file, content } of files)
        archive.entry({ name: file.replace(/^\/+/, ""), mode: MODE }, Buffer.from(content ?? ""));
    archive.finalize();
    const chunks: Buffer[] = [];
    for await (const chunk of archive) chunks.push(chunk as Buffer);
    await container.putArchive(Buffer.concat(chunks), { path: "/" });
}
