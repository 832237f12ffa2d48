#!/usr/bin/env bash
# Starts the release build on MUSIC, or on a generated demo album when MUSIC is empty. Called by `make serve`.
set -euo pipefail
cd "$(dirname "$0")/.."

fanfare=target/release/fanfare
data=${DATA:-data}
args=()
[ -z "${LISTEN:-}" ] || args+=(--listen "$LISTEN")

if [ -n "${MUSIC:-}" ]; then
    # make hands "~/Music" over as it was typed where the shell left it alone.
    # shellcheck disable=SC2088
    case $MUSIC in
    "~/"*) MUSIC="$HOME/${MUSIC#"~/"}" ;;
    esac
    if [ ! -d "$MUSIC" ]; then
        echo "make serve: MUSIC is no folder: $MUSIC" >&2
        exit 1
    fi
    exec "$fanfare" serve "$MUSIC" --data "$data/library" "${args[@]}"
fi

echo "No MUSIC=folder given: serving a generated demo album from $data/demo/music"
"$fanfare" demo "$data/demo/music" >/dev/null
exec "$fanfare" serve "$data/demo/music" --data "$data/demo/library" "${args[@]}"
