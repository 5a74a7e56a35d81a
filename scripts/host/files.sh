#!/bin/sh
# With MODE=apply: when this ends, this host has the files of the archive, with their text and mode, and none of those in
# GONE; whoever reads them has read them. With MODE=check nothing changes. The last line names the files that were
# different, and those that were removed.
# Inputs: MODE; ARCHIVE, a tar archive with paths from the root, as base64; GONE, paths that Skep once gave, one a line.
set -eu

umask 022
# In memory: some of the files are secret.
work=$(mktemp -d -p /dev/shm skep.XXXXXX)
trap 'rm -rf "$work" "$work.list"' EXIT
trap 'exit 1' HUP INT TERM
printf %s "$ARCHIVE" | base64 -d | tar -xpf - -C "$work"

differing=
(cd "$work" && find . -type f | sort) >"$work.list"
while read -r path; do
    file=$work/${path#./}
    target=/${path#./}
    if cmp -s "$file" "$target" && [ "$(stat -c %a "$file")" = "$(stat -c %a "$target")" ]; then continue; fi
    differing="$differing${differing:+, }\"$target\""
    [ "$MODE" = apply ] || continue
    mkdir -p "$(dirname "$target")"
    cp -p "$file" "$target.skep-new"
    chown root:root "$target.skep-new"
    mv -f "$target.skep-new" "$target"
done <"$work.list"

removed=
if [ "$MODE" = apply ]; then
    printf '%s\n' "$GONE" >"$work.list"
    while read -r target; do
        if [ ! -f "$target" ] && [ ! -L "$target" ]; then continue; fi
        rm -f "$target"
        removed="$removed${removed:+, }\"$target\""
    done <"$work.list"
fi

# A container's engine writes /etc/hosts anew at every start, and anybody may edit it.
if [ -e /etc/skep/hosts ] && grep -vxqFf /etc/hosts /etc/skep/hosts; then
    differing="$differing${differing:+, }\"/etc/hosts\""
fi

if [ "$MODE" = apply ]; then
    systemctl daemon-reload
    systemctl enable --quiet skep-hosts.service
    systemctl restart skep-hosts.service
    sysctl -q -p /etc/sysctl.d/60-skep.conf || true
    case $differing$removed in *sshd_config*) systemctl reload ssh ;; esac
    # The host key that came by user data has been replaced, and nothing needs its copies.
    rm -f /etc/ssh/ssh_host_*
    grep -rls 'PRIVATE KEY' /var/lib/cloud /run/cloud-init >"$work.list" || true
    while read -r copy; do
        case $copy in
            *.json | *.pkl) rm -f "$copy" ;;
            *) sed -i '/-----BEGIN [A-Z ]*PRIVATE KEY-----/,/-----END [A-Z ]*PRIVATE KEY-----/d' "$copy" ;;
        esac
    done <"$work.list"
fi

printf '{"differing": [%s], "removed": [%s]}\n' "$differing" "$removed"
