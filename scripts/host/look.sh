#!/bin/sh
# Changes nothing. The last line says as JSON what only this host knows: its clock, load and memory, the disk of its
# engine's data, what the swarm keeps here (the node's certificate, how its key file is kept, and the managers' log), and
# daemon.json with the record of Skep's keys in it, in base 64. Of the key file, only the first line is read.
set -eu

now=$(date +%s%3N)
# data_root is in data-root.sh, which stands before this script.
root=$(data_root)
swarm=$root/swarm

# A value that this host does not have is null.
disk=null
if [ -d "$root" ]; then
    # As the percentage of df: what a file system or a quota keeps back is nobody's room.
    disk=$(df -Pk "$root" | awk 'NR == 2 { printf "{\"totalKib\": %.0f, \"freeKib\": %s}", $3 + $4, $4 }')
fi
certificate=null
if [ -s "$swarm/certificates/swarm-node.crt" ]; then
    certificate=\"$(base64 -w 0 "$swarm/certificates/swarm-node.crt")\"
fi
sealed=null
if [ -s "$swarm/certificates/swarm-node.key" ]; then
    case $(head -n 1 "$swarm/certificates/swarm-node.key") in
    *ENCRYPTED*) sealed=true ;;
    *) sealed=false ;;
    esac
fi
raft=null
[ ! -d "$swarm/raft" ] || raft=$(du -sk "$swarm/raft" | cut -f 1)
reserve=null
if [ -s /etc/skep/reserve ]; then
    has=0
    [ ! -e "$root/skep-reserve" ] || has=$(($(stat -c %s "$root/skep-reserve") / 1024))
    reserve=$(printf '{"wantedKib": %s, "foundKib": %s}' $(($(cat /etc/skep/reserve) * 1024)) "$has")
fi
# Why this host has to reboot: packages say so, or a newer kernel of the same kind as the running one is installed.
reboot=
release=$(uname -r)
if [ -e /run/reboot-required ]; then
    packages=$(sort -u /run/reboot-required.pkgs 2>/dev/null | head -n 5 | tr '\n' ' ' || true)
    reboot="upgraded packages ask for it${packages:+: ${packages% }}"
elif [ -e "/boot/vmlinuz-$release" ]; then
    kind=$(printf %s "$release" | sed 's/^.*[0-9]-\([a-z]\)/\1/')
    newest=$(find /boot -maxdepth 1 -name "vmlinuz-*[0-9]-$kind" | sed 's|.*/vmlinuz-||' | sort -V | tail -n 1)
    [ "${newest:-$release}" = "$release" ] || reboot="it runs Linux $release, and $newest is installed"
fi
daemon=$(base64 -w 0 /etc/docker/daemon.json 2>/dev/null || true)
record=$(base64 -w 0 /etc/skep/daemon-keys.json 2>/dev/null || true)
memory=$(awk '
    /^MemTotal:/ { total = $2 }
    /^MemAvailable:/ { free = $2 }
    END { printf "{\"totalKib\": %s, \"freeKib\": %s}", total, free }' /proc/meminfo)

printf '{"now": %s, "load": %s, "memory": %s, "disk": %s, "certificate": %s, "sealed": %s, "raftKib": %s' \
    "$now" "$(cut -d ' ' -f 1 /proc/loadavg)" "$memory" "$disk" "$certificate" "$sealed" "$raft"
printf ', "reserve": %s, "reboot": "%s", "daemon": "%s", "record": "%s"}\n' \
    "$reserve" "$(printf %s "$reboot" | base64 -w 0)" "$daemon" "$record"
