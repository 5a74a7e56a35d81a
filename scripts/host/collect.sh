#!/bin/sh
# Garbage collection in the task of the registry's service SERVICE on this host; the last line has the result as JSON.
# MODE=check: fails if a collection is at work.
# MODE=collect: when this ends, the registry's storage has nothing that no image names. The task must be read-only: an image
# that is pushed meanwhile would lose its layers. CONFIG is the registry's configuration in the task.
# MODE=stop: when this ends, no collection is at work.
set -eu

fail() {
    # The caller shows this line: an id, what is wrong, what to do.
    echo "skep: $1: $2" >&2
    exit 1
}

task=$(docker ps --quiet --filter "label=com.docker.swarm.service.name=$SERVICE" | head -n 1)

# The host's numbers of the processes that collect.
collecting() {
    [ -z "$task" ] || docker top "$task" -eo pid,args | awk '/garbage-collec[t]/ { print $1 }'
}

# Kilobytes; nothing if images are in a bucket.
used() {
    docker exec "$task" sh -c '[ ! -d /var/lib/registry/docker ] || du -sk /var/lib/registry' 2>/dev/null | cut -f 1
}

case $MODE in
check)
    [ -z "$(collecting)" ] || fail REGISTRY_BUSY "A garbage collection is at work. Wait for it."
    echo '{}'
    ;;
collect)
    [ -n "$task" ] || fail REGISTRY_NO_TASK "The registry has no task here. See docker service ps $SERVICE on a manager."
    docker inspect --format '{{.Config.Env}}' "$task" | grep -q MAINTENANCE_READONLY ||
        fail REGISTRY_NO_TASK "The registry's task is not read-only. Run the same command again."
    before=$(used)
    said=$(docker exec "$task" registry garbage-collect "$CONFIG" 2>&1) ||
        fail GC_FAILED "The garbage collection failed: $(printf '%s' "$said" | tail -n 1 | cut -c 1-300)"
    after=$(used)
    removed=$(printf '%s\n' "$said" | grep -c '^blob eligible for deletion' || true)
    freed=null
    [ -z "$before" ] || freed=$(((before - after) * 1024))
    printf '{"removed": %s, "freed": %s}\n' "$removed" "$freed"
    ;;
stop)
    collecting | xargs -r kill
    echo '{}'
    ;;
esac
