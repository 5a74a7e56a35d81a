#!/bin/sh
# When this ends, the stack named $1 is deployed as its compose file says: services, networks, and nothing of it that the
# file no longer has. $2 is whether registries are asked for the digests of images: `changed` ones, or `never`.
# Standard input: docker's configuration with the registry's password in one line, then the compose
# file. `printf` is built into the shell, so neither shows in a list of processes.
set -eu

umask 077
dir=$(mktemp -d -p /dev/shm skep.XXXXXX)
trap 'rm -rf "$dir"' EXIT
trap 'exit 1' HUP INT TERM

IFS= read -r config
printf '%s' "$config" >"$dir/config.json"

# Where docker could wait itself, it would report a service that was rolled back as deployed (docker/cli#6752).
detach=
if docker stack deploy --help | grep -q -e --detach; then detach=--detach=true; fi

# shellcheck disable=SC2086 # no option is no argument
docker --config "$dir" stack deploy --compose-file - --with-registry-auth --resolve-image "$2" --prune $detach "$1"
