#!/bin/sh
# One step of a place on a network, after bare.sh; the last line has its result as JSON.
# MODE=open: when this ends, there is the image IMAGE for a container that does nothing but stand on a network, and images of
# places that are gone are gone. The result has the folders that the container mounts.
# MODE=close: when this ends, the image is gone.
set -eu

case $MODE in
open)
    docker image prune --all --force --filter label=io.skep.net --filter until=5m >/dev/null
    folders=$(bare "$IMAGE" io.skep.net | sed 's/.*/"&"/' | tr '\n' ',')
    printf '{"folders": [%s]}\n' "${folders%,}"
    ;;
close)
    # Swarm removes the container in a moment, and an image in use stays.
    tries=0
    while [ -n "$(docker ps --all --quiet --filter "ancestor=$IMAGE")" ] && [ "$tries" -lt 50 ]; do
        tries=$((tries + 1))
        sleep 0.2
    done
    docker image rm --force "$IMAGE" >/dev/null
    echo '{}'
    ;;
esac
