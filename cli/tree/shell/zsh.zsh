_skep() {
    local -a found
    found=(${(f)"$(_skep_candidates "${words[CURRENT]}" "${(@)words[2,CURRENT-1]}")"})
    if (( ${#found} )); then compadd -- "${found[@]}"; else _files; fi
}
(( $+functions[compdef] )) || { autoload -Uz compinit && compinit -i }
compdef _skep skep bin/skep
