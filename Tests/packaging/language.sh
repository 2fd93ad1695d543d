# shellcheck shell=bash
# What the scripts of the languages share; source it behind lib.sh. A script sets the array `example`: the command of its
# example, to which options, provider, prompt and output are added.
# shellcheck disable=SC2034,SC2154 # the scripts that source this use and set them

read_options
folder=$root/bindings/$part
AIGC_TEST_TOOL=$(printf '%s\n' "$python" "$root/Tests/packaging/languages.py")
export AIGC_TEST_TOOL

generates() { # PROVIDER PROMPT OPTION...
    local provider=$1 prompt=$2
    shift 2
    rm -rf "$work/images"
    mkdir "$work/images"
    forget
    "${example[@]}" "${options[@]}" "$@" "$provider" "$prompt" "$work/images/cat" &&
        images_are "$provider" 1 "$work/images"
}
