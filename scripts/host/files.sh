#!/bin/sh
# With MODE=apply: when this ends, this host has the files of the archive, with their text and mode, and none of those in
# GONE; whoever reads them has read them; and the reserve of reserve.sh is there. With MODE=check nothing changes. The last
# line names the files that were different, and those that were removed, and says in notes what could not be done.
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
        case $target in *.timer) systemctl disable --now --quiet "${target##*/}" ;; esac
        rm -f "$target"
        removed="$removed${removed:+, }\"$target\""
    done <"$work.list"
fi

# A container's engine writes /etc/hosts anew at every start, and anybody may edit it.
if [ -e /etc/skep/hosts ] && grep -vxqFf /etc/hosts /etc/skep/hosts; then
    differing="$differing${differing:+, }\"/etc/hosts\""
fi

if reserve_differs; then
    # shellcheck disable=SC2154 # reserve.sh sets it
    differing="$differing${differing:+, }\"$reserve\""
fi

notes=
note() {
    notes="$notes${notes:+, }\"$1\""
}

# When this ends, the host upgrades by itself, or a note says why it does not.
upgrade_daily() {
    if [ "$(systemctl is-enabled apt-daily-upgrade.timer 2>/dev/null)" = masked ]; then
        note "it installs no security upgrades, because apt's timers are masked there"
        return
    fi
    if ! command -v unattended-upgrade >/dev/null; then
        # shellcheck source=/dev/null
        if [ -e /etc/skep/proxy ]; then . /etc/skep/proxy; fi
        export DEBIAN_FRONTEND=noninteractive
        { timeout 300 apt-get -qq -o DPkg::Lock::Timeout=300 update &&
            timeout 300 apt-get -qq -o DPkg::Lock::Timeout=300 install -y --no-install-recommends unattended-upgrades; } >/dev/null 2>&1 ||
            note "it installs no security upgrades, because apt could not install unattended-upgrades; do that there"
    fi
    systemctl enable --now --quiet apt-daily.timer apt-daily-upgrade.timer ||
        note "it installs no security upgrades, because apt's timers do not start"
}

if [ "$MODE" = apply ]; then
    systemctl daemon-reload
    systemctl enable --quiet skep-hosts.service
    systemctl restart skep-hosts.service
    case $differing$removed in *sshd_config*) systemctl reload ssh ;; esac
    # Without auditd, its rules wait for it.
    case $differing$removed in
    */audit/rules.d/*)
        if command -v augenrules >/dev/null && systemctl is-active --quiet auditd; then
            augenrules --load >/dev/null 2>&1 || note "auditd reads its new rules at the next start only"
        fi
        ;;
    esac
    if [ -e /etc/systemd/system/skep-prune.timer ]; then systemctl enable --now --quiet skep-prune.timer; fi
    if [ -e /etc/apt/apt.conf.d/60skep-upgrades ]; then upgrade_daily; fi
    keep_reserve || note "the reserve on its disk could not be made"
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

printf '{"differing": [%s], "removed": [%s], "notes": [%s]}\n' "$differing" "$removed" "$notes"
