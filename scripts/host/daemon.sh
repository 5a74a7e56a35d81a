#!/bin/sh
# When this ends, this host has these two files: daemon.json, and the record of the keys in it that are Skep's. With
# RELOAD=yes, its engine has read the settings again without a restart. An engine that refuses the settings keeps the old
# ones.
# Inputs: DAEMON and RECORD, texts as base64; FILE_MODE of daemon.json; RELOAD; CHECK, `no` if another engine
# than the installed one is to read them.
set -eu

umask 022
work=$(mktemp -d -p /dev/shm skep.XXXXXX)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM

# Engines before 23 cannot check settings without a start.
target=/etc/docker/daemon.json
printf %s "$DAEMON" | base64 -d >"$work/daemon.json"
if [ "$CHECK" = yes ] && command -v dockerd >/dev/null && dockerd --help 2>/dev/null | grep -q -- '--validate'; then
    dockerd --validate --config-file "$work/daemon.json" >"$work/said" 2>&1 ||
        fail ENGINE_CONFIG "The engine refuses the settings of daemon.json ($(tail -n 1 "$work/said")). Correct skep:engine, or the host's own keys."
fi
printf %s "$RECORD" | base64 -d >"$work/record"

put() {
    mkdir -p "$(dirname "$2")"
    install -m "$3" "$1" "$2.skep-new"
    mv -f "$2.skep-new" "$2"
}
# Somebody may have closed the file for what is in it.
if [ -e "$target" ] && [ "$(stat -c %a "$target")" = 600 ]; then FILE_MODE=600; fi
# The record comes first: a key that is in the file and not in the record would be somebody else's.
put "$work/record" /etc/skep/daemon-keys.json 644
put "$work/daemon.json" "$target" "$FILE_MODE"
if [ "$RELOAD" = yes ]; then
    systemctl reload docker
    # Without this, the file would look as if the engine had not read it.
    : >/etc/skep/daemon-reloaded
fi

echo '{}'
