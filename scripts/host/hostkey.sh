#!/bin/sh
# When this ends, sshd also shows a host key that was made on this host and never leaves it. The other key came in user
# data, and whoever may read user data could use it to impersonate this host. The last line has the new public key.
# A later connection, which uses the new key, writes the file that removes the old key. So no interruption can leave this
# host with a key that nobody knows.
set -eu

key=/etc/ssh/skep_host_key
drop_in=/etc/ssh/sshd_config.d/10-skep.conf

# The key must be of another kind than the one in user data: sshd shows one key of each kind.
if ! ssh-keygen -y -f "$key" >/dev/null 2>&1; then
    rm -f "$key" "$key.pub"
    ssh-keygen -q -t ecdsa -b 256 -N '' -C '' -f "$key"
fi
if ! grep -qs "$key" "$drop_in"; then
    mkdir -p "${drop_in%/*}"
    printf 'HostKey /etc/ssh/ssh_host_ed25519_key\nHostKey %s\n' "$key" >"$drop_in"
fi
sshd=$(command -v sshd || echo /usr/sbin/sshd)
"$sshd" -t || fail HOST_SSHD "sshd of this host does not accept a second host key. Look at: sshd -t."
systemctl reload ssh

printf '{"hostKey": "%s"}\n' "$(ssh-keygen -y -f "$key" | cut -d ' ' -f 1,2)"
