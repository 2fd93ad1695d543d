"""Jobs that wait, and jobs by the million: memory, threads, wake-ups, descriptors."""

from __future__ import annotations

from typing import List

from lab import Lab, Measures, Row, limit


def memory(lab: Lab) -> List[Row]:
    """Memory of jobs that wait for their next status call, with every handle kept."""
    jobs = 20000 if lab.quick else 100000
    found = lab.program("waiting", lab.host, lab.ca, jobs, 1)
    return [
        limit("memory per waiting job (of {:,})".format(jobs), "bytes", found["bytes_per_job"], 1024),
        limit("resident with {:,} waiting jobs".format(jobs), "MiB", found["rss_kb"] / 1024, 110),
        limit("threads of the library then", "", found["threads"] - 1, 1, "the engine's; helpers have ended"
              if found["threads"] <= 2 else "the engine's and an idle helper's"),
    ]


def idle(lab: Lab) -> List[Row]:
    """Wake-ups when nothing is due."""
    seconds = 5 if lab.quick else 30
    found = lab.program("waiting", lab.host, lab.ca, 10000, seconds)
    return [
        limit("wake-ups with 10,000 waiting jobs, nothing due", "in %d s" % seconds, found["wakes"], 0),
        limit("CPU then", "% of a core", found["cpu_share"] * 100, 0.1),
    ]


def million(lab: Lab) -> List[Row]:
    """Many jobs through one client, one after another."""
    rows = []
    for name, host, jobs in (("cancelled", "-", 1000000), ("with a status call each", lab.host, 100000)):
        jobs = lab.count(jobs)
        found = lab.program("many", host, lab.ca, jobs, 1000)
        growth = (found["late_kb"] - found["early_kb"]) / 1000
        rows.append(limit("{:,} jobs {}: memory that the last four fifths added".format(jobs, name), "MB", growth, 1))
        rows.append(limit("{:,} jobs {}: descriptors added".format(jobs, name), "",
                          found["late_fds"] - found["early_fds"], 0))
    return rows


MEASURES: Measures = [("memory", memory), ("idle", idle), ("million", million)]
