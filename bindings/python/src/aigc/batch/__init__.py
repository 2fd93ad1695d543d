"""From rows to a folder of pictures, resumable: a row that is known is never paid twice.

    import aigc

    summary = aigc.batch.run("cats.csv", out="pictures", provider="tencent", max_jobs=1000)
    summary.raise_for_failures()

Called again, it does what is left. The same from a shell: aigc batch cats.csv --out pictures --provider tencent.
"""

from __future__ import annotations

from ._api import FailuresError, PlanError, Summary, as_completed, plan, run
from ._frames import run_frame
from ._plan import Plan
from ._results import RowResult

__all__ = ["FailuresError", "Plan", "PlanError", "RowResult", "Summary", "as_completed", "plan", "run", "run_frame"]
