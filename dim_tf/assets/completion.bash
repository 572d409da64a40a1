# bash completion of dim-tf:  eval "$(dim-tf completion bash)"
_dim_tf() {
    local current=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]}
    local flag= flags= first= choices=
    COMPREPLY=()
    if [ "$COMP_CWORD" -eq 1 ]; then
        COMPREPLY=($(compgen -W "@WORDS@ --help --version" -- "$current"))
        return
    fi
    if [ "$current" = "=" ]; then
        flag=$before current=
    elif [ "$before" = "=" ]; then
        flag=${COMP_WORDS[COMP_CWORD-2]}
    fi
    case ${COMP_WORDS[1]} in
@FLAGS@
    esac
    case "${COMP_WORDS[1]} $flag" in
@CHOICES@
    *" --flagfile") choices="@FLAGFILES@" ;;
    esac
    if [ -n "$flag" ]; then
        COMPREPLY=($(compgen -W "$choices" -- "$current"))
    elif [[ $current == -* ]]; then
        COMPREPLY=($(compgen -W "$flags --flagfile= --help" -- "$current"))
        [[ ${COMPREPLY[0]} == *= ]] && compopt -o nospace 2>/dev/null
    elif [ "$COMP_CWORD" -eq 2 ]; then
        COMPREPLY=($(compgen -W "$first" -- "$current"))
    fi
    return 0
}
complete -o bashdefault -o default -F _dim_tf dim-tf
