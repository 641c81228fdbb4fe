#!/usr/bin/env bash
# A small project as the checked-out release leaves it: make.sh leaves <number of the newest migration>.tar.xz beside itself.
# Run it when a release is made; the files are never made anew.
set -euo pipefail
root=$(cd "$(dirname "$0")/../../.." && pwd)
number=$(ls "$root/sql/migrations" | tail -1 | cut -c1-4)
work=$(mktemp -d)
export LEADMART_NOW=2026-03-02T06:00:00
"$root/.venv/bin/leadmart" init "$work/frozen" --demo --leads 40 --days 60 --seed 3 --until 2026-03-02
"$root/.venv/bin/leadmart" run --as-of 2026-03-01 --project "$work/frozen"
"$root/.venv/bin/leadmart" run --project "$work/frozen"
tar -C "$work" --sort=name --owner=0 --group=0 --mtime=2026-03-02 -cf - frozen | xz -9e > "$(dirname "$0")/$number.tar.xz"
rm -r "$work"
