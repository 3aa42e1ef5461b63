#!/usr/bin/env bash
# What the interop tests need beside Node and Python 3: a browser to look at pages with. The Python environments are
# made by the tests themselves, in interop/.venv.
set -euo pipefail
if ! command -v chromium >/dev/null; then
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium fonts-dejavu-core >/dev/null
fi
