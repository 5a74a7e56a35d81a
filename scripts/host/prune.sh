#!/bin/sh
# When this ends, the engine of this host has no image that nothing has used for so many days. An image is in use while a
# container, running or stopped, is made of it, and on a manager while a service names it, now or before its last update.
# Volumes and containers stay, and so do images with a name that came from no registry: nobody could pull them again.
# /etc/skep/prune has the number of days, then references of images that stay, one a line. Skep's timer runs this script.
set -eu

record=/var/lib/skep/images-used
now=$(date +%s)
oldest=$((now - $(head -n 1 /etc/skep/prune) * 86400))
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Only managers know what services name. One that does not know it now, because it is locked for example, removes nothing.
: >"$work/named"
case $(docker info --format '{{.Swarm.LocalNodeState}} {{.Swarm.ControlAvailable}}') in
"active true")
    docker service ls --quiet >"$work/services"
    form='{{with .Spec.TaskTemplate.ContainerSpec}}{{.Image}}{{end}} {{with .PreviousSpec}}{{with .TaskTemplate.ContainerSpec}}{{.Image}}{{end}}{{end}}'
    xargs -r docker service inspect --format "$form" <"$work/services" >"$work/named"
    ;;
"active false" | "inactive false") ;;
*)
    echo "Nothing is removed: this host cannot say now what services name."
    exit
    ;;
esac
# A service names an image by tag and digest, and the engine keeps it by its digest alone.
{ tail -n +2 /etc/skep/prune && tr ' ' '\n' <"$work/named"; } | sed -e 's/.*@/@/' -e '/^$/d' >"$work/kept"
# A container may go between the two commands.
docker ps --all --quiet --no-trunc | { xargs -r docker inspect --format '{{.Image}}' 2>/dev/null || true; } >"$work/used"

# One reference on a line.
references() {
    docker image inspect --format '{{range .RepoTags}}{{println .}}{{end}}{{range .RepoDigests}}{{println .}}{{end}}' "$1" | sed '/^$/d'
}

mkdir -p "${record%/*}"
[ -e "$record" ] || : >"$record"
: >"$work/old"
docker image ls --quiet --no-trunc | sort -u >"$work/images"
while read -r id; do
    references "$id" >"$work/names"
    last=$now
    if ! grep -qxF "$id" "$work/used" && ! grep -qFf "$work/kept" "$work/names"; then
        last=$(awk -v id="$id" -v now="$now" '$1 == id { now = $2 } END { print now }' "$record")
        if [ "$last" -le "$oldest" ] && { [ ! -s "$work/names" ] || grep -q @ "$work/names"; }; then
            echo "$id" >>"$work/old"
        fi
    fi
    echo "$id $last"
done <"$work/images" >"$record.new"
mv -f "$record.new" "$record"

# Without force: an image that a container has come to use meanwhile stays.
while read -r id; do
    name=$(references "$id" | head -n 1)
    for reference in $(references "$id") "$id"; do
        docker image rm "$reference" >/dev/null 2>&1 || true
    done
    docker image inspect "$id" >/dev/null 2>&1 || echo "Removed ${name:-$id}."
done <"$work/old"
