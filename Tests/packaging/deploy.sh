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
# In Debian's package prometheus.
rules() { promtool check rules "$files/alerts.yml"; }
metrics() {
    PYTHONPATH=$root/bindings/python/src AIGC_CONFIG_FILE=none "$python" -c '
import aigc, aigc.prometheus
with aigc.Client() as client: print(aigc.prometheus.render(client.stats()), end="")' >"$work/metrics.txt" &&
        [ -s "$work/metrics.txt" ] && promtool check metrics <"$work/metrics.txt"
}
# The dashboard's queries as rules, which promtool reads.
queries() {
    "$python" -c '
import json, sys
board = json.load(open(sys.argv[1], encoding="utf-8"))
found = [target["expr"] for panel in board["panels"] for target in panel["targets"]]
rows = [{"record": "query:%d" % i, "expr": e.replace("$__rate_interval", "5m")} for i, e in enumerate(found)]
print(json.dumps({"groups": [{"name": "dashboard", "rules": rows}]}))' "$files/dashboard.json" >"$work/queries.yml" &&
        promtool check rules "$work/queries.yml"
}
if need promtool prometheus "promtool reads the alerts"; then
    ok "promtool reads the alerts" rules
    ok "promtool reads the metrics of a client" metrics
    ok "promtool reads the queries of the dashboard" queries
fi
exit "$failed"
