#!/bin/sh
# No plugin of a command goes on without its engine: a killed engine leaves behind those that it started, and they would
# finish what it had asked of them, unseen, and stay. Begins when standard input ends, which the command holds open.
# $1 is the command's mark: its engine and its plugins have SKEP_COMMAND=$1 in their environment.
# Only Linux shows other processes' environments in files; elsewhere nothing is ended.
set -u
cat >/dev/null

# Ids of the engine and of its plugins; a plugin that is a script has its interpreter's name, and ends by itself.
marked() {
    grep -lszx -- "SKEP_COMMAND=$1" /proc/[0-9]*/environ | while read -r file; do
        process=${file%/environ}
        read -r name 2>/dev/null <"$process/comm" || continue
        case $name in pulumi*) echo "${process#/proc/}" ;; esac
    done
}

# As long as an engine that the command left behind may take to end in order.
deadline=$(($(date +%s) + 600))
while [ "$(date +%s)" -lt "$deadline" ]; do
    # On one line, with a space on either side of each.
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
