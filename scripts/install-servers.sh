#!/usr/bin/env bash
# Installs what the tests need besides Node, from Debian's packages. Does nothing where everything is there already.
set -euo pipefail

# Each line: a program, and the package that brings it.
needed="chromium chromium"

missing=()
while read -r program package; do
  command -v "$program" >/dev/null || missing+=("$package")
done <<<"$needed"
# Debian keeps the programs of each version of PostgreSQL in a folder that is not on the path.
if ! command -v postgres >/dev/null && ! compgen -G "/usr/lib/postgresql/*/bin/postgres" >/dev/null; then
  missing+=(postgresql)
fi
[ ${#missing[@]} -eq 0 ] && exit 0

if ! command -v apt-get >/dev/null; then
  echo "Please install: ${missing[*]}" >&2
  exit 1
fi
as_root=()
[ "$(id -u)" -eq 0 ] || as_root=(sudo)
export DEBIAN_FRONTEND=noninteractive
"${as_root[@]}" apt-get update -qq
install() {
  "${as_root[@]}" apt-get install -qq -y --no-install-recommends "$@" >/dev/null
}
if [[ " ${missing[*]} " == *" postgresql "* ]]; then
  # The tests start servers of their own: the package shall not make one that runs beside them.
  install postgresql-common
  "${as_root[@]}" sed -ri 's/^#?(create_main_cluster) .*/\1 = false/' /etc/postgresql-common/createcluster.conf
fi
install "${missing[@]}"
