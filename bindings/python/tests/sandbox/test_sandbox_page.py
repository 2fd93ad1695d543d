"""The page at the sandbox's root: in a browser, and what it must not let through."""

import json
from urllib.parse import urlsplit

import pytest
from browser import browser, phone, until
from sandbox_client import alibaba, send, tencent

CREATE = "CreateAigcImageTask"
EVIL = "<img src=x onerror=document.title='taken'> & </script><script>document.title='taken'</script>"


@pytest.fixture(scope="module")
def driver():
    with browser() as made:
        yield made


def texts(driver, css):
    """In one step: the page replaces its rows while we look."""
    return driver.execute_script("return [...document.querySelectorAll(arguments[0])].map(each => each.innerText)", css)


def open_page(driver, box):
    driver.get(box.info["page"])
    until(lambda: texts(driver, "#link") == ["live"], "the page's first view")


def state_of(driver, job):
    return "".join(texts(driver, '[data-job="%s"] .state' % job))


def test_jobs_move_and_show_their_pictures(driver, box):
    box.config(duration=3)
    open_page(driver, box)
    good = tencent(box.info, CREATE, {"Prompt": EVIL, "OutputImageCount": 2})["TaskId"]
    bad = tencent(box.info, CREATE, {"Prompt": "a dog [fail]"})["TaskId"]
    job = {"prompt": "a <special-token> cat", "imageUrl": ["http://localhost/a.png"]}
    assert alibaba(box.info, "addPreModelInferenceJob", job).status == 200
    until(lambda: state_of(driver, good) in ("WAIT", "RUN"), "a state on the way")
    until(lambda: state_of(driver, good) == "DONE", "the good end")
    until(lambda: state_of(driver, bad) == "FAIL: the picture could not be made", "the bad end")
    until(lambda: len(driver.find_elements("css selector", ".job")) == 3, "all three jobs")
    whole = "return [...document.querySelectorAll('[data-job=\"%s\"] img')].filter(i => i.naturalWidth > 0).length"
    until(lambda: driver.execute_script(whole % good) == 2, "both pictures")
    assert EVIL in driver.execute_script("return document.getElementById('jobs').textContent")
    assert driver.title == "aigc sandbox" and not driver.find_elements("css selector", '[src="x"]')
    assert "tencent 2" in texts(driver, "#totals")[0]
    box.reset()
    until(lambda: not driver.find_elements("css selector", ".job"), "an empty page after a reset")


def test_requests_show_their_checks(driver, box):
    open_page(driver, box)
    tencent(box.info, CREATE, {"Prompt": "a"})
    tencent(box.info, CREATE, {"Prompt": "b"}, secret="wrong")
    tencent(box.info, CREATE, {"Prompt": "c", "OutputImageCount": 99})

    def answered():
        rows = texts(driver, "#requests tr")
        return rows if len(rows) == 3 and all("✓" in row for row in rows) else None

    fields, signature, whole = until(answered, "three rows with answers")
    assert "200" in whole and "✗" not in whole and whole.count("✓") >= 5
    assert "AuthFailure.SignatureFailure" in signature and "✓ form ✗ signature" in signature and "rate" not in signature
    assert "✓ rate ✗ fields" in fields and "InvalidParameter" in fields
    assert "Credential=" not in driver.page_source
    meter = until(lambda: [t for t in texts(driver, "#meters tr") if t.startswith(CREATE)], "the meter")
    assert "20" in meter[0] and meter[0].rstrip().endswith("2")


def test_switches(driver, box):
    open_page(driver, box)
    switch = driver.find_element("css selector", '#switches [data-kind="http"]')
    switch.click()
    until(lambda: switch.get_attribute("aria-checked") == "true", "the switch to be on")
    assert [(f["kind"], f["status"], f["times"]) for f in box.call("GET", "/faults")] == [("http", 503, -1)]
    assert alibaba(box.info, "queryModelTrainJobList").status == 503
    until(lambda: any("fault: http" in row for row in texts(driver, "#requests tr")), "the fault beside its request")
    switch.click()
    until(lambda: switch.get_attribute("aria-checked") == "false", "the switch to be off")
    assert box.call("GET", "/faults") == []
    driver.execute_script("document.getElementById('kind').value = 'flip_byte'")
    driver.execute_script("document.getElementById('operation').value = 'asset'")
    driver.find_element("css selector", "#fault button").click()
    until(lambda: [f["operation"] for f in box.call("GET", "/faults")] == ["asset"], "the fault of the form")
    rate = driver.find_element("css selector", '[name="rate"]')
    rate.clear()
    rate.send_keys("7\n")
    until(lambda: box.config()["rate"] == 7, "the new rate")


def test_it_fits_a_phone_and_loads_nothing_from_elsewhere(driver, box):
    box.config(rate=0, duration=0)
    for at in range(8):
        tencent(box.info, CREATE, {"Prompt": "unbroken" * 40 + str(at)})
    open_page(driver, box)
    for width in (360, 1280):
        phone(driver, width)
        driver.get(box.info["page"])
        until(lambda: len(driver.find_elements("css selector", ".job")) == 8, "the jobs")
        assert driver.execute_script("return document.documentElement.scrollWidth") <= width
        small = "return [...document.querySelectorAll('button')].filter(b => b.getBoundingClientRect().height < 38).length"
        assert driver.execute_script(small) == 0
    driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
    names = driver.execute_script("return performance.getEntriesByType('resource').map(e => e.name)")
    assert names and {urlsplit(name).netloc for name in names} == {urlsplit(box.info["page"]).netloc}
    assert [line for line in driver.get_log("browser") if line["level"] == "SEVERE"] == []


@pytest.mark.parametrize(
    "headers, status",
    [
        ([], 200),
        ([("Origin", "{here}")], 200),
        ([("Sec-Fetch-Site", "same-origin")], 200),
        ([("Origin", "https://evil.example")], 403),
        ([("Origin", "null")], 403),
        ([("Origin", "")], 403),
        ([("Sec-Fetch-Site", "cross-site")], 403),
        ([("Sec-Fetch-Site", "same-site")], 403),
        ([("Host", "evil.example")], 403),
        ([("Host", "127.0.0.1.evil.example"), ("Origin", "http://127.0.0.1.evil.example")], 403),
        ([("Host", "[::1")], 403),
    ],
)
@pytest.mark.parametrize("method, path, body", [
    ("POST", "/_sandbox/faults", {"kind": "delay", "ms": 0}), ("POST", "/_sandbox/config", {"rate": 5}),
    ("POST", "/_sandbox/reset", {}), ("DELETE", "/_sandbox/faults", None),
])  # fmt: skip
def test_other_sites_change_nothing(box, headers, status, method, path, body):
    here = urlsplit(box.info["http"]).netloc
    sent = [(name, value.format(here=box.info["http"])) for name, value in headers]
    if not any(name == "Host" for name, _ in sent):
        sent.append(("Host", here))
    before = box.config()
    answer = send(box.info["http"], method, path, sent, b"" if body is None else json.dumps(body).encode())
    assert answer.status == status
    if status == 403:
        assert b"error" in answer.body and box.config() == before and box.call("GET", "/faults") == []


def test_the_root_is_a_page_and_no_cloud_call(box):
    here = [("Host", urlsplit(box.info["http"]).netloc)]
    answer = send(box.info["http"], "GET", "/", here)
    assert answer.status == 200 and b"<title>aigc sandbox</title>" in answer.body
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy and "frame-ancestors 'none'" in policy and "unsafe" not in policy
    assert send(box.info["http"], "GET", "/", [("Host", "evil.example")]).status == 403
    assert send(box.info["http"], "GET", "/?Action=AssumeRole", here).status == 400
    assert send(box.info["http"], "GET", "/", [*here, ("x-acs-action", "AssumeRole")]).status != 200
    for name in ("page.js", "page.css"):
        assert send(box.info["http"], "GET", "/_sandbox/" + name, here).status == 200
    assert send(box.info["http"], "GET", "/_sandbox/index.html/../view.py", here).status == 404


def test_a_view_holds_little(box):
    """However much has happened: the newest jobs and requests."""
    box.config(rate=0, duration=0)
    for at in range(130):
        tencent(box.info, CREATE, {"Prompt": "p%d" % at + "x" * 400})
    view = box.call("GET", "/view")
    assert len(view["jobs"]) == 60 and view["jobs_total"] == 130 and view["jobs"][0]["prompt"].startswith("p129")
    assert len(view["requests"]) == 100 and view["requests"][-1]["number"] == view["last"]
    assert all(len(job["prompt"]) <= 300 for job in view["jobs"])
    assert box.call("GET", "/view", since=view["last"])["requests"] == []
    assert len(box.call("GET", "/view", since=view["last"] - 3)["requests"]) == 3
    assert len(box.call("GET", "/view", since=view["last"] + 1000)["requests"]) == 100
