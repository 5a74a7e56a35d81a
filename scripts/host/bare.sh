#!/bin/sh
# Defines a function for the script that follows it.
# bare IMAGE LABEL: when this ends, IMAGE is an image without files, with the label LABEL. Its containers use this host's own
# programs: it says, one on a line, which of the host's folders they mount. So a container needs no registry.

bare() {
    bare_image=$1
    bare_label=$2
    # Folders that are links stay links, the others are mounted.
    set --
    for folder in bin lib lib64 usr; do
        [ -e "/$folder" ] || continue
        set -- "$@" "$folder"
        [ -L "/$folder" ] || echo "/$folder"
    done
    tar --create --directory / --no-recursion "$@" |
        docker import --change "LABEL $bare_label=1" - "$bare_image" >/dev/null
}
