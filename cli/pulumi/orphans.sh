#!/bin/sh
# Ends every plugin of a command whose Pulumi is gone. A killed Pulumi leaves behind the plugins that it started: unseen,
# they would finish what it had asked of them, and stay. Begins when standard input ends, which the command holds open.
# $1 is the command's mark: its Pulumi and its plugins have SKEP_COMMAND=$1 in their environment.
# Only Linux shows other processes' environments in files; elsewhere this ends nothing.
set -u
cat >/dev/null

# Prints the ids of Pulumi and of its plugins. A plugin that is a script has its interpreter's name, and ends by itself.
marked() {
    grep -lszx -- "SKEP_COMMAND=$1" /proc/[0-9]*/environ | while read -r file; do
        process=${file%/environ}
        read -r name 2>/dev/null <"$process/comm" || continue
        case $name in pulumi*) echo "${process#/proc/}" ;; esac
    done
}

# A Pulumi that the command left behind may take this long to end in order.
deadline=$(($(date +%s) + 600))
while [ "$(date +%s)" -lt "$deadline" ]; do
    # All ids on one line, with a space on either side of each.
    found=" $(marked "$1" | tr '\n' ' ')"
    [ "$found" = " " ] && exit 0
    for process in $found; do
        read -r _ name _ parent _ 2>/dev/null <"/proc/$process/stat" || continue
        # The kernel cuts names after 15 letters.
        [ "$name" = "(pulumi-resource)" ] || continue
        case $found in *" $parent "*) ;; *) kill -KILL "$process" 2>/dev/null ;; esac
    done
    sleep 0.2
done
