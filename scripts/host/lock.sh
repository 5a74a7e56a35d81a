#!/bin/sh
# When this ends, no other script of Skep runs on this host, and the first boot is over. It runs before every other script:
# a lost SSH connection does not stop a running script, so a second attempt may meet the first.
set -eu

fail() {
    # The caller shows this line: an id, what is wrong, what to do.
    echo "skep: $1: $2" >&2
    exit 1
}

mkdir -p /run/lock
exec 9>/run/lock/skep.lock
flock -w 300 9 || fail HOST_BUSY "Another Skep script has held the lock of this host for 5 minutes. Wait for it, then run up again."

# cloud-init creates the user and may install packages, so nothing may change the host before it ends.
if command -v cloud-init >/dev/null; then
    timeout 300 cloud-init status --wait >/dev/null 2>&1 || true
fi
