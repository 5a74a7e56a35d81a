// Key pairs for fake SSH hosts.

import { utils } from "ssh2";

/** A key pair. One in two hundred that ssh2 makes of this kind it cannot read itself, so such a one is made again. */
export function sshKeyPair(): { private: string; public: string } {
    for (;;) {
        const pair = utils.generateKeyPairSync("ed25519");
        if (!(utils.parseKey(pair.private) instanceof Error)) return pair;
    }
}
