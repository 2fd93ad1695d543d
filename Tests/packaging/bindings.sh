#!/usr/bin/env bash
# No binding may copy the header wrongly or forget a part of it.
set -euo pipefail
exec python3 "$(dirname "${BASH_SOURCE[0]}")/bindings.py"
