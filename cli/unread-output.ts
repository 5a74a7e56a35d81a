/** Lets a command go on, and end normally, if the reader of its output ends first, as `head` does. */
export function goOnUnread(): void {
    for (const stream of [process.stdout, process.stderr])
        stream.on("error", (error: NodeJS.ErrnoException) => {
            if (error.code !== "EPIPE") throw error;
        });
}
