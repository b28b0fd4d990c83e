#!/usr/bin/env bash
# Installs from Debian what tests need and this machine lacks: Chromium, the web servers of docs/proxy.md, and PHP with
# WordPress's sources for its plugin.
set -euo pipefail
cd "$(dirname "$0")/.."

missing=()
for program in chromium nginx caddy php; do
  command -v "$program" >/dev/null || [ -x "/usr/sbin/$program" ] || missing+=("$program")
done
[ -d build/wordpress ] || [ -d /usr/share/wordpress ] || missing+=(wordpress)
[ ${#missing[@]} = 0 ] && exit 0

if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
  echo "Not installed, so that their tests will be skipped: ${missing[*]}. These are the names of Debian's packages (php-cli for php)."
  exit 0
fi

# Its package wants a web server and a database; the tests want its functions only.
unpack_wordpress() {
  local place
  place=$(mktemp -d)
  mkdir -p build
  (cd "$place" && apt-get download -q wordpress >/dev/null 2>&1) && dpkg-deb -x "$place"/*.deb build/wordpress
  local result=$?
  rm -rf "$place"
  return $result
}

# The tests start servers of their own; the packages must not start one beside them.
install() {
  RUNLEVEL=1 DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "$1" >/dev/null
}

apt-get update -q >/dev/null
for program in "${missing[@]}"; do
  case "$program" in
    wordpress) unpack_wordpress ;;
    php) install php-cli ;;
    *) install "$program" ;;
  esac || echo "$program could not be installed; its tests will be skipped."
done
