#!/usr/bin/env bash
# The files of bindings/deploy: the unit is what systemd reads, alerts and dashboard name metrics that exist.
set -euo pipefail
# shellcheck source=Tests/packaging/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

files=$root/bindings/deploy
unit() {
    sed -e '/^User=/d' -e 's#^ExecStart=.*#ExecStart=/bin/true#' -e '/^EnvironmentFile=/d' "$files/aigc-worker.service" \
        >"$work/aigc-worker.service"
    systemd-analyze verify --man=no "$work/aigc-worker.service" 2>&1 | tee "$work/unit.log"
    ! grep -i "unknown\|invalid\|failed to parse" "$work/unit.log"
}
ok "alerts and dashboard name metrics, labels and statuses that exist" "$python" "$root/Tests/packaging/deploy.py" "$files"
if need systemd-analyze systemd "the unit is one that systemd reads"; then ok "the unit is one that systemd reads" unit; fi
exit "$failed"
