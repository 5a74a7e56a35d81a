#!/bin/sh
# When this ends, the swarm stack $1 is deployed as its compose file says, and has nothing that the file does not have.
# $2 says whether docker asks registries for the digests of images: of `changed` ones, or `never`.
# Standard input: one line with docker's configuration (it has the registry's password), then the compose file. `printf`
# is built into the shell, so no list of processes shows them.
set -eu

umask 077
dir=$(mktemp -d -p /dev/shm skep.XXXXXX)
trap 'rm -rf "$dir"' EXIT
trap 'exit 1' HUP INT TERM

IFS= read -r config
printf '%s' "$config" >"$dir/config.json"

# docker must not wait by itself: it would report a service that was rolled back as deployed (docker/cli#6752).
detach=
if docker stack deploy --help | grep -q -e --detach; then detach=--detach=true; fi

# shellcheck disable=SC2086 # an empty $detach must be no argument
docker --config "$dir" stack deploy --compose-file - --with-registry-auth --resolve-image "$2" --prune $detach "$1"
