#!/usr/bin/env bash
# Installs Debian's Chromium for the browser tests where it is missing and can be installed.
set -euo pipefail
command -v chromium >/dev/null && exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
  apt-get update -q >/dev/null
  DEBIAN_FRONTEND=noninteractive apt-get install -y -q chromium >/dev/null
else
  echo "Chromium is not installed; browser tests will be skipped. Install the package chromium to run them."
fi
