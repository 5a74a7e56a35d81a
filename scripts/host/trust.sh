#!/bin/sh
# When this ends, the host resolves the registry's name and trusts its certificate, keeps idle connections alive, and,
# if it was given a certificate, its engine's API answers on 2376 to clients of the same CA (at the engine's next start).
# Inputs: CA_PEM, REGISTRY_NAME, REGISTRY_PORT, REGISTRY_ADDRESS; for managers ENGINE_CERT, ENGINE_KEY.
set -eu

umask 022
changed=false

# write FILE MODE: puts standard input there, atomically, and only if it differs.
write() {
    mkdir -p "$(dirname "$1")"
    (umask 077 && cat >"$1.skep-new")
    chmod "$2" "$1.skep-new"
    if cmp -s "$1.skep-new" "$1"; then
        rm -f "$1.skep-new"
    else
        mv -f "$1.skep-new" "$1"
        changed=true
    fi
}

printf '%s\n' "$CA_PEM" | write "/etc/docker/certs.d/$REGISTRY_NAME:$REGISTRY_PORT/ca.crt" 644

# /etc/hosts may be a mount (it is in a container), so it is written in place.
entry="$REGISTRY_ADDRESS $REGISTRY_NAME # skep registry"
if ! grep -qxF "$entry" /etc/hosts; then
    kept=$(grep -v '# skep registry$' /etc/hosts || true)
    printf '%s\n%s\n' "$kept" "$entry" >/etc/hosts
    changed=true
fi

# IPVS forgets a connection that was idle for 900 s (moby/moby#31208): probes must come sooner.
printf 'net.ipv4.tcp_keepalive_time = 600\n' | write /etc/sysctl.d/60-skep.conf 644
sysctl -q -p /etc/sysctl.d/60-skep.conf || true

if [ -n "${ENGINE_CERT:-}" ]; then
    printf '%s\n' "$CA_PEM" | write /etc/docker/tls/ca.pem 644
    printf '%s\n' "$ENGINE_CERT" | write /etc/docker/tls/cert.pem 644
    printf '%s\n' "$ENGINE_KEY" | write /etc/docker/tls/key.pem 600
    # A "hosts" entry in daemon.json would clash with the unit's own -H fd://.
    write /etc/systemd/system/docker.service.d/skep-api.conf 644 <<'UNIT'
[Service]
ExecStart=
ExecStart=/usr/bin/dockerd -H fd:// -H tcp://0.0.0.0:2376 --containerd=/run/containerd/containerd.sock --tlsverify --tlscacert=/etc/docker/tls/ca.pem --tlscert=/etc/docker/tls/cert.pem --tlskey=/etc/docker/tls/key.pem
UNIT
    systemctl daemon-reload
fi

printf '{"changed": %s}\n' "$changed"
