#!/bin/sh
# Changes nothing. What the last line says as JSON depends on MODE; certificates and the key file are in base 64, and null
# where this host has none or cannot read one.
# MODE=certificates: the certificate of the engine's API, and the one that the registry at SERVER shows this host.
# MODE=key: the node's key file, if the unlock key seals it. One that is not sealed never leaves this host.
# MODE=logs: the running containers that log to a file without a limit.
set -eu

text() {
    if [ -n "$1" ]; then printf '"%s"' "$1"; else printf null; fi
}

certificates() {
    api=
    [ ! -s /etc/docker/tls/cert.pem ] || api=$(base64 -w 0 /etc/docker/tls/cert.pem)
    registry=$(timeout 8 openssl s_client -connect "$SERVER" -servername "${SERVER%:*}" </dev/null 2>/dev/null |
        sed -n '/BEGIN CERTIFICATE/,/END CERTIFICATE/p' | base64 -w 0 || true)
    printf '{"api": %s, "registry": %s}\n' "$(text "$api")" "$(text "$registry")"
}

key() {
    # data_root is in data-root.sh, which stands before this script.
    file=$(data_root)/swarm/certificates/swarm-node.key
    sealed=
    [ ! -s "$file" ] || ! head -n 1 "$file" | grep -q ENCRYPTED || sealed=$(base64 -w 0 "$file")
    printf '{"sealed": %s}\n' "$(text "$sealed")"
}

logs() {
    # shellcheck disable=SC2016 # docker expands this
    form='{{.Name}} {{.HostConfig.LogConfig.Type}} {{index .HostConfig.LogConfig.Config "max-size"}}'
    docker ps --quiet | xargs -r docker inspect --format "$form" |
        awk '$2 == "json-file" && $3 == "" { printf "%s\"%s\"", sep, substr($1, 2); sep = ", " }
            BEGIN { printf "[" } END { print "]" }'
}

case $MODE in
certificates) certificates ;;
key) key ;;
logs) logs ;;
esac
