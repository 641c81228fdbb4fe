#!/usr/bin/env bash
# Writes a sdist, and the wheel that is built from it alone, into dist/. PYTHON has setuptools, wheel and pip.
set -euo pipefail
cd "$(dirname "$0")/.."
PYTHON="${PYTHON:-.venv/bin/python}"

# setuptools packs what an earlier build left in build/, and what an earlier egg-info lists
rm -rf build dist ./*.egg-info
mkdir dist
"$PYTHON" -c 'from setuptools import build_meta; build_meta.build_sdist("dist", {"quiet": "true"})' > /dev/null
"$PYTHON" -m pip --disable-pip-version-check wheel -q --no-deps --no-build-isolation --no-index \
    --wheel-dir dist dist/leadmart-*.tar.gz
rm -rf ./*.egg-info
ls dist
