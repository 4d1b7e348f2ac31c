# What both submit scripts share: their options, where the code lies, and AWS calls that are made or only printed.
# shellcheck shell=bash
# shellcheck disable=SC2034 # names are read where this file is sourced
set -euo pipefail

program=$(basename "$0")
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
poll_seconds=${POLL_SECONDS:-15}
code='' archive='' upload='' dry_run=''
spark=()    # --conf NAME=VALUE, as given
settings=() # arguments of the driver
name=model-monitor wait_for_end='' cluster='' application='' role='' logs=''

fail() { # what is wrong, what to do
    echo "$program: $1. Hint: $2." >&2
    exit 2
}

read_options() { # "|" between the script's own options and around them, then the command line
    local own=$1
    shift
    while [ $# -gt 0 ]; do
        case $1 in
            --help) usage && exit 0 ;;
            --upload) upload=yes ;;
            --wait) wait_for_end=yes ;;
            --dry-run) dry_run=yes ;;
            --)
                shift
                settings=("$@")
                break
                ;;
            --*)
                [[ "|--code|--archive|--name|--conf$own" == *"|$1|"* ]] ||
                    fail "$1 is not an option" "settings of the job come after --; see $program --help"
                [ $# -gt 1 ] || fail "$1 has no value" "see $program --help"
                keep_option "$1" "$2"
                shift
                ;;
            *) fail "'$1' was not expected" "settings of the job come after --" ;;
        esac
        shift
    done
    check_options
}

keep_option() { # name, value
    case $1 in
        --code) code=${2%/} ;;
        --archive) archive=$2 ;;
        --name) name=$2 ;;
        --conf) spark+=(--conf "$2") ;;
        --cluster) cluster=$2 ;;
        --application) application=$2 ;;
        --role) role=$2 ;;
        --logs) logs=$2 ;;
    esac
}

check_options() {
    [[ $code == s3://?* ]] ||
        fail "--code '$code' is not an s3:// address" "name the prefix that holds the archive and driver.py"
    [ ${#settings[@]} -gt 0 ] ||
        fail "the job has no settings" "give them after --, as in: -- --dataset-source=s3://... --output-path=s3://..."
    local word
    for word in "$name" ${spark[@]+"${spark[@]}"} "${settings[@]}"; do
        [[ $word != *[[:cntrl:]]* ]] || fail "an argument holds a control character" "keep every value on one line"
    done
    if [ -z "$archive" ]; then
        local found=("$root"/dist/model-monitor-analyzer-*-linux-*.tar.gz)
        [ -e "${found[0]}" ] || fail "there is no archive in dist" "run make package, or name one with --archive"
        [ ${#found[@]} = 1 ] || fail "there are ${#found[@]} archives in dist" "name one of them with --archive"
        archive=${found[0]}
    fi
    archive_address=$code/$(basename "$archive")
    driver_address=$code/driver.py
}

require() { # name and value of one of the script's own options
    [ -n "$2" ] || fail "$1 is missing" "see $program --help"
}

call() { # a command, run or printed
    if [ -n "$dry_run" ]; then
        local word words=()
        for word in "$@"; do words+=("$(quoted "$word")"); done
        echo "${words[*]}"
    else
        "$@"
    fi
}

quoted() { # a word as a shell reads it
    case $1 in
        *[!A-Za-z0-9_./:=@%+,-]* | '') printf "'%s'" "${1//\'/\'\\\'\'}" ;;
        *) printf %s "$1" ;;
    esac
}

upload_code() {
    [ -n "$upload" ] || return 0
    [ -f "$archive" ] || fail "there is no file $archive" "run make package"
    call aws s3 cp --only-show-errors "$archive" "$archive_address"
    call aws s3 cp --only-show-errors "$root/emr/driver.py" "$driver_address"
}

json_text() { # a JSON string, of a text without control characters
    local text=${1//\\/\\\\}
    printf '"%s"' "${text//\"/\\\"}"
}

json_list() { # a JSON list of strings
    local separator='' item
    printf '['
    for item in "$@"; do
        printf %s "$separator"
        json_text "$item"
        separator=,
    done
    printf ']'
}

wait_until_done() { # a command that prints the state; 0 when the job ended well, 1 otherwise
    local state=''
    while true; do
        state=$("$@")
        case $state in
            COMPLETED | SUCCESS) break ;;
            FAILED | CANCELLED | INTERRUPTED) break ;;
        esac
        sleep "$poll_seconds"
    done
    echo "$state"
    show_message
    case $state in COMPLETED | SUCCESS) return 0 ;; esac
    return 1
}

show_message() { # the closing message of the job, if it lies where it does unless a setting says otherwise
    local setting output='' truth='' analysis='' name=message
    for setting in "${settings[@]}"; do
        case $setting in
            --output-path=s3://* | --output_path=s3://*) output=${setting#*=} ;;
            --ground-truth-source=* | --ground_truth_source=*) truth=yes ;;
            --analysis-type=* | --analysis_type=*) analysis=${setting#*=} ;;
        esac
    done
    case ${analysis:-${truth:+MERGE}} in [Mm][Ee][Rr][Gg][Ee]) name=_message ;; esac # as the driver has it
    [ -z "$output" ] || aws s3 cp --only-show-errors "${output%/}/$name" - || true
    echo
}
