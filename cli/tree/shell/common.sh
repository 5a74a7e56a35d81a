# shellcheck shell=sh disable=SC3043 # bash and zsh have local
# The part of the completion scripts that bash and zsh share: no arrays, and no splitting of words by the shell. The
# functions that know the commands stand before it.

# What comes next after these words of the line: a line with the words that may come (or @ and the kind of a name), a line
# with the options that may come instead, and a line with the stack.
_skep_next() {
    local command="" stack=dev wants="" place=1 word
    for word in "$@"; do
        if [ -n "$wants" ]; then
            case "$wants" in --stack | -s) stack=$word ;; esac
            wants=""
            continue
        fi
        case "$word" in
            --stack=*) stack=${word#--stack=} ;;
            -*) if _skep_value "$command $word" >/dev/null; then wants=$word; fi ;;
            *)
                case " $(_skep_commands "$command") " in
                    *" $word "*) command=${command:+$command }$word ;;
                    *) place=$((place + 1)) ;;
                esac
                ;;
        esac
    done
    if [ -n "$wants" ]; then
        printf '%s\n\n' "$(_skep_value "$command $wants")"
    else
        printf '%s\n%s\n' "$(_skep_commands "$command")$(_skep_argument "$command $place")" "$(_skep_options "$command")"
    fi
    printf '%s\n' "$stack"
}

# What may come, a candidate a line. The first argument is the beginning of the next word, the others stand before it.
_skep_candidates() {
    local begun="$1" found stack line=1 word
    shift
    found=$(_skep_next "$@")
    stack=$(printf '%s\n' "$found" | sed -n 3p)
    case "$begun" in -*) line=2 ;; esac
    printf '%s\n' "$found" | sed -n "${line}p" | tr ' ' '\n' | while read -r word; do
        case "$word" in
            "") ;;
            @*) _skep_names "$word" "$stack" ;;
            *) printf '%s\n' "$word" ;;
        esac
    done
}
