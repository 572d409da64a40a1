#compdef dim-tf
# zsh completion of dim-tf:  source <(dim-tf completion zsh)
_dim_tf_flagfiles() {
    compadd @FLAGFILES@
    _files
}
_dim_tf() {
    local -a known flagfile
    flagfile=('--flagfile=[flags from a file]:file:_dim_tf_flagfiles')
    if (( CURRENT == 2 )); then
        known=(
@WORDS@
        )
        _describe 'word' known
        return
    fi
    shift words
    (( CURRENT-- ))
    case $words[1] in
@CASES@
    esac
}
if [ "$funcstack[1]" = "_dim_tf" ]; then
    _dim_tf "$@"
else
    compdef _dim_tf dim-tf
fi
