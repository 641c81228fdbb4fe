#!/usr/bin/env bash
# Makes .venv from requirements.lock, with leadmart installed in place. The Makefile calls it; calling it twice is safe.
set -euo pipefail
cd "$(dirname "$0")/.."

complain() {
    printf 'error: %s\n' "$1" >&2
    shift
    printf '  %s\n' "$@" >&2
    exit 1
}

python=""
for candidate in python3 python3.13 python3.12 python3.11; do
    # A pyenv shim exists for versions that are not active: only one that runs counts.
    if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
        python=$candidate
        break
    fi
done
[ -n "$python" ] || complain \
    "leadmart needs Python 3.11 or newer" \
    "found: $(python3 --version 2>&1 || true)" \
    "hint: on Debian or Ubuntu, \`apt-get install python3 python3-venv\`"

"$python" -c 'import ensurepip, venv' 2>/dev/null || complain \
    "$("$python" --version) has no venv module" \
    "hint: on Debian or Ubuntu, \`apt-get install python3-venv\`"

# LightGBM opens libgomp.so.1 when it is imported; its wheel does not bring it.
has_libgomp() { "$python" -c 'import ctypes; ctypes.CDLL("libgomp.so.1")' 2>/dev/null; }
if [ "$(uname -s)" = Linux ] && ! has_libgomp; then
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
        echo "installing libgomp1, which LightGBM needs" >&2
        export DEBIAN_FRONTEND=noninteractive
        apt-get install -y -qq libgomp1 >&2 || { apt-get update -qq >&2 && apt-get install -y -qq libgomp1 >&2; } || true
    fi
    has_libgomp || complain \
        "libgomp.so.1 is missing: LightGBM cannot be imported without it" \
        "hint: on Debian or Ubuntu, \`sudo apt-get install libgomp1\`; elsewhere the package is often called libgomp"
fi

# A virtual environment holds its own path: one that was moved, or never finished, is made anew.
if ! grep -qsF "$PWD/.venv" .venv/bin/activate ||
    ! .venv/bin/python -c 'import sys, pip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
    rm -rf .venv
    "$python" -m venv .venv
fi

echo "setting up .venv ($(.venv/bin/python --version)); the first time this takes some minutes" >&2
pip() { .venv/bin/python -m pip --disable-pip-version-check "$@"; }
pip install -q --require-hashes -r requirements.lock
pip install -q --no-deps --no-build-isolation -e .

# mypy does not follow an editable install whose package is the repository root: it gets a link.
mkdir -p .venv/types
ln -sfn "$PWD" .venv/types/leadmart

printf '%s\n' "$PWD" > .venv/.ready
