#!/usr/bin/env bash
# Installs what the tests need besides Node, from Debian's packages. Does nothing where everything is there already.
set -euo pipefail

# Each line: a program, and the package that brings it.
needed="chromium chromium"

missing=()
while read -r program package; do
  command -v "$program" >/dev/null || missing+=("$package")
done <<<"$needed"
[ ${#missing[@]} -eq 0 ] && exit 0

if ! command -v apt-get >/dev/null; then
  echo "Please install: ${missing[*]}" >&2
  exit 1
fi
as_root=()
[ "$(id -u)" -eq 0 ] || as_root=(sudo)
export DEBIAN_FRONTEND=noninteractive
"${as_root[@]}" apt-get update -qq
"${as_root[@]}" apt-get install -qq -y --no-install-recommends "${missing[@]}" >/dev/null
