#!/bin/sh
# One step of a probe of the data path between nodes, after bare.sh; the last line has its result as JSON. The probe needs
# no image from a registry and no tool beside bash, getent and sleep: its image is empty, and its container uses this host's
# own /usr.
# MODE=open: when this ends, the container NAME runs on the swarm's network NETWORK for a minute at most, and whatever a
# killed probe has left is gone. The result is the container's address.
# MODE=try: for each line "name address" of PEERS, the result says whether the container NAME finds that name, and whether a
# datagram of 1,400 bytes, and one of a single byte, reaches that address.
# MODE=close: when this ends, the container and its image are gone.
set -eu

image=skep-probe:$NAME

remove() {
    docker rm --force "$NAME" >/dev/null 2>&1 || true
    docker image rm --force "$image" >/dev/null 2>&1 || true
}

open() {
    for kind in container image; do
        all=
        [ "$kind" = container ] || all=--all
        # shellcheck disable=SC2086 # an empty $all must be no argument
        docker "$kind" prune $all --force --filter label=io.skep.probe --filter until=5m >/dev/null
    done
    trap 'remove' EXIT
    trap 'exit 1' HUP INT TERM
    mounts=$(bare "$image" io.skep.probe | sed 's/.*/--volume &:&:ro/')
    # shellcheck disable=SC2086 # $mounts is a list of arguments without spaces
    docker run --detach --rm --name "$NAME" --network "$NETWORK" --label io.skep.probe=1 $mounts \
        --read-only --cap-drop ALL --user 65534:65534 --pids-limit 100 --log-driver none \
        --security-opt label=disable --security-opt no-new-privileges --entrypoint /usr/bin/sleep "$image" 60 >/dev/null
    address=$(docker inspect --format "{{(index .NetworkSettings.Networks \"$NETWORK\").IPAddress}}" "$NAME")
    trap - EXIT
    printf '{"address": "%s"}\n' "$address"
}

# Nothing listens in the other container: its kernel refuses the datagram, and only a datagram that has arrived whole is
# refused. The answer is small, so each direction is tried by the container that sends.
# shellcheck disable=SC2016 # the container's bash expands this
attempt='
export LC_ALL=C
arrives() {
    refusal=$( { exec 3<>"/dev/udp/$1/9" && printf "%*s" "$2" "" >&3 && read -r -t 0.5 -n 1 <&3; } 2>&1)
    [[ $refusal == *refused* ]]
}
finds() {
    local found
    read -r found _ < <(getent ahostsv4 "$1")
    [[ $found == "$2" ]]
}
try() {
    local named=false large=false small=false
    until $named && $large; do
        $named || { finds "$1" "$2" && named=true; }
        $large || { arrives "$2" 1400 && large=true; }
        ((SECONDS < 5)) || break
        $named && $large || sleep 0.2
    done
    $large || { arrives "$2" 1 && small=true; }
    printf "{\"peer\": \"%s\", \"named\": %s, \"large\": %s, \"small\": %s}\n" "$1" $named $large $small
}
while read -r name address; do try "$name" "$address" & done
wait'

case $MODE in
open) open ;;
try)
    found=$(printf '%s\n' "$PEERS" | docker exec --interactive "$NAME" /usr/bin/bash -c "$attempt")
    printf '[%s]\n' "$(printf '%s' "$found" | tr '\n' ',')"
    ;;
close)
    remove
    echo '{}'
    ;;
esac
