"""Status calls and submissions, against a C program on the same libcurl and against the vendors' SDKs."""

from __future__ import annotations

from typing import List

from lab import Lab, Measures, Row, compare, cpu_per_call, information, per_second


def status(lab: Lab) -> List[Row]:
    """CPU and instructions of a signed status call with 16 in flight."""
    calls = lab.count(20000)

    def plain() -> dict:
        return lab.program("plain", lab.host, lab.ca, "status", 16, calls)

    def polled() -> dict:
        return lab.served(lambda: lab.program("ours", lab.host, lab.ca, "poll", 16, 3000))

    def refreshed() -> dict:
        return lab.program("ours", lab.host, lab.ca, "status", 16, calls)

    theirs, followed, asked = lab.in_turns(5, plain, polled, refreshed)
    plain_instructions = lab.per_call("plain", lab.host, lab.ca, "status", 16)
    asked_instructions = lab.per_call("ours", lab.host, lab.ca, "status", 16)
    followed_instructions = polled_instructions(lab)
    return [
        compare("status call, followed: instructions", "instructions", [followed_instructions], [plain_instructions],
                most=1.25),
        compare("status call, followed: CPU", "us", cpu_per_call(followed), cpu_per_call(theirs), most=1.25),
        compare("status call, refresh and event: instructions", "instructions", [asked_instructions], [plain_instructions],
                most=1.25),
        compare("status call, refresh and event: CPU, two threads", "us", cpu_per_call(asked), cpu_per_call(theirs),
                most=1.25),
    ]


def polled_instructions(lab: Lab) -> float:
    """Instructions of one more call of the engine's own."""
    found = []
    for milliseconds in (6000, 16000):
        before = lab.server.requests()
        instructions = lab.instructions("ours", lab.host, lab.ca, "poll", 16, milliseconds)
        found.append((lab.server.requests() - before - 1, instructions))
    (few, small), (many, large) = found
    return (large - small) / (many - few)


def throughput(lab: Lab) -> List[Row]:
    """Calls a second with 64 in flight."""
    rows = []
    for kind, count in (("status", 30000), ("submit", 30000)):
        calls = lab.count(count)
        sides = [lambda: lab.program("plain", lab.host, lab.ca, kind, 64, calls),
                 lambda: lab.program("ours", lab.host, lab.ca, kind, 64, calls)]
        if kind == "status":
            sides.append(lambda: lab.served(lambda: lab.program("ours", lab.host, lab.ca, "poll", 64, 3000)))
        theirs, ours, *followed = lab.in_turns(5, *sides)
        name = "status calls" if kind == "status" else "submissions, each safe"
        rows.append(compare(name + ", 64 in flight", "a second", per_second(ours), per_second(theirs), least=0.85))
        rows.append(information(name + ", 64 in flight: CPU", "us", cpu_per_call(ours), cpu_per_call(theirs)))
        if kind == "submit":
            # With few in flight none of them rests for seconds, so that no connection is opened anew under valgrind.
            plain, safe = (lab.per_call(side, lab.host, lab.ca, "submit", 4, few=1500, many=4500)
                           for side in ("plain", "ours"))
            rows.append(Row("submission: instructions", "instructions", safe, plain, "-", None, safe / plain))
        else:
            rows.append(compare("status calls, followed, 64 in flight", "a second", per_second(followed[0]),
                                per_second(theirs), least=0.85))
    return rows


def python(lab: Lab) -> List[Row]:
    """CPU of a status call from Python: our engine polls; the SDKs are called."""

    def ours(provider: str) -> dict:
        return lab.served(lambda: lab.script("ours_status.py", lab.host, lab.ca, provider, 3))

    def sdk(which: str, calls: int) -> dict:
        return lab.script("sdk_status.py", lab.host, lab.ca, which, lab.count(calls))

    rows = []
    for which, provider, calls, goal in (
            ("tencent", "tencent", 1000, 12), ("alibaba", "alibaba", 500, 8), ("alibaba async", "alibaba", 200, 50)):
        theirs, mine = lab.in_turns(3, lambda: sdk(which, calls), lambda: ours(provider))
        rows.append(compare("status call from Python against the SDK of %s" % which, "us", cpu_per_call(mine),
                            cpu_per_call(theirs), most=1 / goal, factor="1/%d" % goal))
    return rows


def signing(lab: Lab) -> List[Row]:
    """A TC3 signature against the same OpenSSL calls in C."""
    swift = lab.out / "bin" / "swift-sign"
    calls = lab.count(300000)
    theirs, ours = lab.in_turns(5, lambda: lab.program("sign", calls), lambda: lab.run(swift, calls))
    plain, mine = lab.per_call("sign", few=2000, many=12000), lab.per_call("swift-sign", few=2000, many=12000)
    return [
        compare("signing alone: CPU", "us", cpu_per_call(ours), cpu_per_call(theirs), most=1.3),
        compare("signing alone: instructions (no SHA-NI there)", "instructions", [mine], [plain], most=1.3),
    ]


MEASURES: Measures = [("status", status), ("throughput", throughput), ("python", python), ("signing", signing)]
