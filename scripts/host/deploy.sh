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
cat >"$dir/compose.yaml"

# Until 24, docker takes a file without a version for one of the first form, and refuses it. Newer ones need none.
release=$(docker --version | sed -n 's/^Docker version \([0-9][0-9]*\).*/\1/p')
if [ "${release:-25}" -lt 25 ] && ! grep -q -E "^[\"']?version[\"']?[[:space:]]*:" "$dir/compose.yaml"; then
    { echo 'version: "3.9"' && cat "$dir/compose.yaml"; } >"$dir/versioned.yaml"
    mv "$dir/versioned.yaml" "$dir/compose.yaml"
fi

# docker must not wait by itself: it would report a service that was rolled back as deployed (docker/cli#6752).
detach=
if docker stack deploy --help | grep -q -e --detach; then detach=--detach=true; fi

# docker gives a service's variable without a value the one of its own environment, which is this host's: it gets none.
# shellcheck disable=SC2086 # an empty $detach must be no argument
env -i "PATH=$PATH" docker --config "$dir" stack deploy --compose-file - --with-registry-auth --resolve-image "$2" \
    --prune $detach "$1" <"$dir/compose.yaml"
