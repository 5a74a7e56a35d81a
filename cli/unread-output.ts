/** Who reads what a command says may end first, as `head` does: what was begun goes on, and ends as it would. */
export function goOnUnread(): void {
    for (const stream of [process.stdout, process.stderr])
        stream.on("error", (error: NodeJS.ErrnoException) => {
            if (error.code !== "EPIPE") throw error;
        });
}
