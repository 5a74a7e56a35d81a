// Serves a provider in a process of its own, which Pulumi starts and ends, or several providers in one process to which
// Pulumi attaches.
import { ProviderServer } from "./server";
import type { Provider } from "./types";

/** How long running handlers may take to stop when the process has to end. */
const GRACE_MS = 2000;
const ORPHAN_POLL_MS = 250;

/** Serves the provider to the Pulumi that started this process, until that Pulumi ends. */
export function serve(provider: Provider): void {
    const server = new ProviderServer(provider);
    server.log.connect(pulumiAddress());
    followPulumi(server);
    server.listen().then(
        (port) => process.stdout.write(`${port}\n`),
        (error: Error) => {
            process.stderr.write(`${error.message}\n`);
            process.exit(1);
        },
    );
}

/**
 * Serves these providers to each Pulumi that attaches, until standard input ends: whoever started this process holds its
 * other end. The first line of output is the value for PULUMI_DEBUG_PROVIDERS.
 */
export async function serveAttached(providers: readonly Provider[]): Promise<void> {
    const servers = providers.map((provider) => new ProviderServer(provider));
    // A terminal's Ctrl-C is meant for the process that started this one, which ends it in order.
    for (const signal of ["SIGINT", "SIGHUP"] as const) process.on(signal, () => undefined);
    // The reader of this output may have ended already. Then standard input ends, too.
    process.stdout.on("error", () => undefined);
    process.stdin.resume().on("end", () => void end(...servers));
    const ports = await Promise.all(servers.map((server) => server.listen()));
    const attach = providers.map(({ name }, i) => `${name}:${ports[i]}`).join(",");
    process.stdout.write(`${attach}\n`);
}

/** Pulumi passes the address of its own service as the last argument. */
function pulumiAddress(): string | undefined {
    return process.argv
        .slice(2)
        .filter((argument) => !argument.startsWith("-"))
        .pop();
}

/**
 * Ends the provider when Pulumi is done with it. A terminal's Ctrl-C reaches the whole process group: if the provider
 * died of it, it would cut short work that Pulumi is about to cancel in order. But Pulumi also ends its plugins by an
 * interrupt, after it has hung up. So an interrupt counts only once there is no connection.
 */
function followPulumi(server: ProviderServer): void {
    let interrupted = false;
    const endIfAlone = () => {
        if (interrupted && !server.connected) void end(server);
    };
    server.onHangUp(endIfAlone);
    for (const signal of ["SIGINT", "SIGHUP"] as const) {
        process.on(signal, () => {
            interrupted = true;
            endIfAlone();
        });
    }
    process.on("SIGTERM", () => void end(server));
    endWhenOrphaned(server);
}

function endWhenOrphaned(server: ProviderServer): void {
    const pulumi = process.ppid;
    const watch = setInterval(() => {
        if (process.ppid === pulumi) return;
        clearInterval(watch);
        void end(server);
    }, ORPHAN_POLL_MS);
}

async function end(...servers: ProviderServer[]): Promise<void> {
    for (const server of servers) server.cancel();
    const grace = new Promise((resolve) => setTimeout(resolve, GRACE_MS));
    await Promise.race([Promise.all(servers.map((server) => server.idle())), grace]);
    process.exit(0);
}
