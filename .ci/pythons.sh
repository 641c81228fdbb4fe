#!/usr/bin/env bash
# Tries a clean install on every Python that leadmart names and this machine has, beside the one of .venv: the packages
# of requirements.lock in an environment of its own (kept in .venv/pythons), then tests/install/test_install.py on it.
# A version that is not here, or whose packages cannot be had, is told and does not fail the run.
set -euo pipefail
cd "$(dirname "$0")/.."

of_version() {  # the interpreter of a version: on PATH, or one that pyenv holds; a shim that does not run is none
    local candidate
    for candidate in "python$1" "${PYENV_ROOT:-$HOME/.pyenv}"/versions/"$1".*/bin/python3; do
        if "$candidate" -c "import sys, venv; sys.exit('%d.%d' % sys.version_info[:2] != '$1')" 2>/dev/null; then
            echo "$candidate"
            return
        fi
    done
}

own=$(.venv/bin/python -c 'import sys; print("%d.%d" % sys.version_info[:2])')
environments=""
for version in $(sed -n 's/.*"Programming Language :: Python :: \(3\.[0-9]*\)".*/\1/p' pyproject.toml); do
    if [ "$version" = "$own" ]; then
        echo "python $version: is that of .venv; \`make test\` tries it"
        continue
    fi
    python=$(of_version "$version")
    if [ -z "$python" ]; then
        echo "python $version: NOT TRIED, not on this machine"
        continue
    fi
    environment=.venv/pythons/$version
    if ! cmp -s requirements.lock "$environment/requirements.lock"; then
        rm -rf "$environment"
        "$python" -m venv "$environment"
        if ! "$environment/bin/python" -m pip --disable-pip-version-check install -qq --require-hashes \
            -r requirements.lock; then
            echo "python $version: NOT TRIED, its packages could not be installed (pip's words are above)"
            continue
        fi
        cp requirements.lock "$environment/requirements.lock"
    fi
    echo "python $version: $("$environment/bin/python" --version), to be tried"
    environments="$environments${environments:+:}$PWD/$environment"
done

if [ -n "$environments" ]; then
    LEADMART_PYTHONS="$environments" .venv/bin/pytest -q tests/install/test_install.py -k "clean_environment and not own"
fi
