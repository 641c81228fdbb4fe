#!/usr/bin/env bash
# Writes requirements.lock from pyproject.toml: every version pinned, every file's hash, no address.
# Resolved on the oldest Python we support, in a virtual environment of its own; `make lock` calls it.
# UPGRADE=1 takes the newest versions the ranges allow; without it, pins that still fit stay.
set -euo pipefail
cd "$(dirname "$0")/.."

python=""
for candidate in python3.11 python3; do
    if "$candidate" -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' 2>/dev/null; then
        python=$candidate
        break
    fi
done
if [ -z "$python" ]; then
    echo "error: the lock is resolved on Python 3.11, the oldest one supported, and there is none on PATH" >&2
    exit 1
fi

tools=.venv/lock
[ -x "$tools/bin/pip-compile" ] || { "$python" -m venv "$tools" && "$tools/bin/pip" install -q pip-tools==7.6.2; }
"$tools/bin/pip-compile" pyproject.toml --extra dev --output-file requirements.lock \
    --generate-hashes --allow-unsafe --strip-extras --quiet ${UPGRADE:+--upgrade} \
    --no-header --no-emit-index-url --no-emit-find-links --no-emit-trusted-host --no-emit-options \
    --annotation-style=line
{
    echo "# Every package of leadmart and its development, pinned, with the hashes of its files. Made by \`make lock\`."
    cat requirements.lock
} > requirements.lock.new
mv requirements.lock.new requirements.lock
echo "requirements.lock: $(grep -c '==' requirements.lock) packages"
