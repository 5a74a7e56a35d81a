// Whether a host lets Skep in now.
import { type ExecOptions, type HostInput, SshConnection } from "./ssh";

/** Logs in anew, and ends that connection: one that stands proves nothing. Throws why the host does not let Skep in. */
export async function loginAnew(host: HostInput, options: ExecOptions): Promise<void> {
    const fresh = new SshConnection(host);
    try {
        await fresh.exec("true", options);
    } finally {
        await fresh.close();
    }
}
