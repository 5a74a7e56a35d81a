#!/bin/sh
# Defines functions for the script that follows it; data-root.sh stands before. The reserve is a file on the disk of the
# engine's data. Somebody removes it when the disk is full. /etc/skep/reserve has its size in MiB; without that, there is
# none.
# reserve_differs: whether this host should get another reserve than it has. Sets reserve to the file's path. One that the
# disk has no room for does not differ: four times as much must be free.
# keep_reserve: when this ends well, the host has its reserve.

reserve_differs() {
    reserve_root=$(data_root)
    reserve=$reserve_root/skep-reserve
    reserve_kib=$(($(cat /etc/skep/reserve 2>/dev/null || echo 0) * 1024))
    reserve_now=0
    [ ! -e "$reserve" ] || reserve_now=$(($(stat -c %s "$reserve") / 1024))
    if [ "$reserve_kib" = "$reserve_now" ]; then return 1; fi
    if [ "$reserve_kib" -eq 0 ]; then return 0; fi
    # The engine's first settings say where its data is.
    command -v dockerd >/dev/null && [ -d "$reserve_root" ] &&
        [ "$(df -Pk "$reserve_root" | awk 'NR == 2 { print $4 }')" -ge $((reserve_kib * 4)) ]
}

keep_reserve() {
    reserve_differs || return 0
    rm -f "$reserve" "$reserve.new"
    if [ "$reserve_kib" -eq 0 ]; then return 0; fi
    # --posix works on file systems, too, that cannot set blocks aside.
    if (umask 077 && fallocate --posix --length "${reserve_kib}KiB" "$reserve.new"); then
        mv -f "$reserve.new" "$reserve"
    else
        rm -f "$reserve.new"
        return 1
    fi
}
