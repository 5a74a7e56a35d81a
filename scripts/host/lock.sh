#!/bin/sh
# When this ends, no other Skep script runs on this host and the first boot is over. Comes before every other script:
# a cut SSH connection does not stop what runs, so a second attempt may meet the first.
set -eu

fail() {
    # One line that the caller shows: an id, what is wrong, what to do.
    echo "skep: $1: $2" >&2
    exit 1
}

mkdir -p /run/lock
exec 9>/run/lock/skep.lock
flock -w 300 9 || fail HOST_BUSY "Another Skep script has held the lock of this host for 5 minutes. Wait for it, then run up again."

# cloud-init makes the user and may install packages: apt's own lock is the least of what it would fight over.
if command -v cloud-init >/dev/null; then
    timeout 300 cloud-init status --wait >/dev/null 2>&1 || true
fi
