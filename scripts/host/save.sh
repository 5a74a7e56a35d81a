#!/bin/sh
# When this ends, however it ends, the engine of this host runs again. The last line has a copy of the swarm's folder as it
# was while the engine was stopped: a gzipped tar in base 64, and when the engine had stopped.
# Needs data-root.sh.
# The work is a unit of systemd's: it ends as well if the caller is lost, and systemd starts the engine again even if the
# work is killed.
set -eu

ROOT=$(data_root)
# In memory, and readable by root only, as the folder itself is.
OUT=/run/skep-save
LIMIT_SECONDS=600
export ROOT OUT

fail() {
    # The caller shows this line: an id, what is wrong, what to do.
    echo "skep: $1: $2" >&2
    exit 1
}

state=$(systemctl show --property ActiveState --value skep-save.service)
case $state in
active | deactivating) fail BACKUP_HOST "Another backup is copying the swarm's folder. Wait for it." ;;
esac
[ -d "$ROOT/swarm/raft" ] || fail BACKUP_HOST "$ROOT/swarm has no data of a manager. See docker info there."
trap 'rm -rf "$OUT"' EXIT
trap 'exit 1' HUP INT TERM PIPE
rm -rf "$OUT"

systemd-run --quiet --collect --wait --pipe --unit skep-save --setenv ROOT="$ROOT" --setenv OUT="$OUT" \
    --property RuntimeMaxSec="$LIMIT_SECONDS" --property TimeoutStopSec=120 \
    --property "ExecStopPost=-/bin/systemctl reset-failed docker.service docker.socket" \
    --property "ExecStopPost=/bin/systemctl --no-block start docker.service" \
    /bin/sh <<'END'
set -eu
umask 077
fail() {
    echo "skep: $1: $2" >&2
    exit 1
}
mkdir "$OUT"
systemctl stop docker.socket docker.service
date -u +%Y-%m-%dT%H:%M:%SZ >"$OUT/at"
tar --create --gzip --directory "$ROOT" --file "$OUT/swarm.tar.gz" swarm ||
    fail BACKUP_HOST "The swarm's folder could not be copied to /run. See df /run there."
# The engine's unit allows three starts a minute: reset that first.
systemctl reset-failed docker.service docker.socket
systemctl start docker.service || fail BACKUP_HOST "The engine does not start. See journalctl -u docker there."
END

printf '{"at": "%s", "folder": "' "$(cat "$OUT/at")"
base64 --wrap 0 "$OUT/swarm.tar.gz"
printf '"}\n'
