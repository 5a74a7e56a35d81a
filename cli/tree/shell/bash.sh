# shellcheck shell=bash
_skep() {
    # shellcheck disable=SC2207 # no candidate has a space
    COMPREPLY=($(compgen -W "$(_skep_candidates "$2" "${COMP_WORDS[@]:1:COMP_CWORD-1}")" -- "$2"))
}
# Without a candidate, bash completes the names of files.
complete -o default -F _skep skep bin/skep
