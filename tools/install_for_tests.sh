#!/usr/bin/env bash
# Installs from Debian what tests need and this machine lacks: Chromium, and the web servers of docs/proxy.md.
set -euo pipefail

missing=()
for program in chromium nginx caddy; do
  command -v "$program" >/dev/null || [ -x "/usr/sbin/$program" ] || missing+=("$program")
done
[ ${#missing[@]} = 0 ] && exit 0

if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
  echo "Not installed, so that their tests will be skipped: ${missing[*]}. These are the names of Debian's packages."
  exit 0
fi
apt-get update -q >/dev/null
for package in "${missing[@]}"; do
  # The tests start servers of their own; the packages must not start one beside them.
  RUNLEVEL=1 DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "$package" >/dev/null ||
    echo "$package could not be installed; its tests will be skipped."
done
