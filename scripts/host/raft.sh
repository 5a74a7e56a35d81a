#!/bin/sh
# A manager's own copy of the swarm's data, under the folder that data_root says. MODE says what is done:
# look: nothing. stop: the engine stops, also one that hangs. Both print what is there.
# put: the gzipped tar ARCHIVE with the folder "swarm" takes the place of the data, and goes. What was there stays beside it.
# start: the engine starts. NODE_KEY, in base 64, first takes the place of the node key, which stays beside it.
# settle: what the other steps left beside the data goes.
set -eu

# data_root is in data-root.sh, which stands before this script.
root=$(data_root)
swarm=$root/swarm
key=$swarm/certificates/swarm-node.key

show() {
    # The node key leaves this host only sealed: who has no unlock key can do nothing with it.
    sealed=null
    [ ! -s "$key" ] || ! head -n 1 "$key" | grep -q ENCRYPTED || sealed="\"$(base64 -w 0 "$key")\""
    has=false
    [ ! -s "$key" ] || [ ! -d "$swarm/raft" ] || has=true
    newest=$(find "$swarm/raft" -type f -printf '%T@\n' 2>/dev/null | sort -n | tail -n 1)
    printf '{"hasData": %s, "sealedKey": %s, "newest": %s}\n' "$has" "$sealed" "${newest:-null}"
}

stop() {
    timeout 60 systemctl stop docker.socket docker || systemctl kill --signal KILL docker || true
    systemctl stop docker.socket docker
    show
}

put() {
    umask 077
    new=$root/swarm.skep-new
    rm -rf "$new"
    mkdir -p "$new"
    tar -xzf "$ARCHIVE" -C "$new"
    [ -d "$new/swarm/raft" ]
    # The data of the first attempt is what this host had, so a second attempt leaves it.
    if [ -d "$swarm" ] && [ ! -e "$root/swarm.skep-before" ]; then mv "$swarm" "$root/swarm.skep-before"; fi
    rm -rf "$swarm"
    mv "$new/swarm" "$swarm"
    rmdir "$new"
    rm -f "$ARCHIVE"
    show
}

start() {
    if [ -n "${NODE_KEY:-}" ]; then
        umask 077
        [ -e "$key.skep-before" ] || cp -p "$key" "$key.skep-before"
        printf %s "$NODE_KEY" | base64 -d >"$key.skep-new"
        mv "$key.skep-new" "$key"
    fi
    # The unit allows few starts a minute. A manager without a majority counts as started late or never.
    systemctl reset-failed docker.service docker.socket 2>/dev/null || true
    systemctl start docker.socket
    systemctl start --no-block docker.service
    echo "{}"
}

settle() {
    rm -rf "$key.skep-before" "$key.skep-new" "$root/swarm.skep-before" "$root/swarm.skep-new"
    echo "{}"
}

case $MODE in
look) show ;;
stop) stop ;;
put) put ;;
start) start ;;
settle) settle ;;
esac
