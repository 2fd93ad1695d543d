import Core
import XCTest

@testable import Credentials

final class EnvironmentTests: CredentialTestCase {
    private let alibaba = EnvironmentSource.alibaba
    private let tencent = EnvironmentSource.tencent

    func testEveryFamily() throws {
        for (id, secret, token) in [
            ("ALIBABA_CLOUD_ACCESS_KEY_ID", "ALIBABA_CLOUD_ACCESS_KEY_SECRET", "ALIBABA_CLOUD_SECURITY_TOKEN"),
            ("ALIBABACLOUD_ACCESS_KEY_ID", "ALIBABACLOUD_ACCESS_KEY_SECRET", "ALIBABACLOUD_SECURITY_TOKEN"),
            ("ALICLOUD_ACCESS_KEY_ID", "ALICLOUD_ACCESS_KEY_SECRET", "ALICLOUD_SECURITY_TOKEN"),
            ("ALICLOUD_ACCESS_KEY", "ALICLOUD_SECRET_KEY", "ALICLOUD_SECURITY_TOKEN"),
        ] {
            assert(try alibaba.fetch(context([id: "i", secret: "s"])), "i", "s", nil, "default/env")
            assert(try alibaba.fetch(context([id: "i", secret: "s", token: "t"])), "i", "s", "t", "default/env")
            assert(try alibaba.fetch(context([id: "i", secret: "s", token: ""])), "i", "s", nil)
        }
        for (id, secret, token) in [
            ("TENCENTCLOUD_SECRET_ID", "TENCENTCLOUD_SECRET_KEY", "TENCENTCLOUD_SESSION_TOKEN"),
            ("TENCENTCLOUD_SECRET_ID", "TENCENTCLOUD_SECRET_KEY", "TENCENTCLOUD_TOKEN"),
            ("TENCENTCLOUD_SECRETID", "TENCENTCLOUD_SECRETKEY", "TENCENTCLOUD_SESSIONTOKEN"),
        ] {
            assert(try tencent.fetch(context([id: "i", secret: "s"])), "i", "s", nil, "env")
            assert(try tencent.fetch(context([id: "i", secret: "s", token: "t"])), "i", "s", "t")
        }
    }

    func testFamiliesAreNeverMixed() throws {
        let both = [
            "ALIBABA_CLOUD_ACCESS_KEY_ID": "i", "ALIBABA_CLOUD_ACCESS_KEY_SECRET": "s",
            "ALICLOUD_ACCESS_KEY": "other", "ALICLOUD_SECRET_KEY": "other", "ALICLOUD_SECURITY_TOKEN": "stale",
        ]
        assert(try alibaba.fetch(context(both)), "i", "s", nil)
        let half = refusal(alibaba, context(["ALIBABA_CLOUD_ACCESS_KEY_ID": "i", "ALICLOUD_SECRET_KEY": "s"]))
        XCTAssertEqual(half?.kind, .wrong)
        XCTAssertEqual(
            half?.reason, "ALIBABA_CLOUD_ACCESS_KEY_ID is set but ALIBABA_CLOUD_ACCESS_KEY_SECRET is not")
        XCTAssertEqual(
            refusal(tencent, context(["TENCENTCLOUD_SECRET_KEY": "s", "TENCENTCLOUD_SECRET_ID": ""]))?.reason,
            "TENCENTCLOUD_SECRET_KEY is set but TENCENTCLOUD_SECRET_ID is not")
    }

    func testNothingSet() {
        XCTAssertEqual(refusal(alibaba, context())?.kind, .absent)
        XCTAssertEqual(
            refusal(tencent, context())?.reason, "TENCENTCLOUD_SECRET_ID and TENCENTCLOUD_SECRET_KEY are not set")
    }

    func testWhatCannotBeSentIsRefusedByNameOnly() {
        for bad in ["hunter2\n", " hunter2", "hunter2 ", "hun\tter2", "hunter2\u{7f}"] {
            for (id, secret, token) in [(bad, "s", "t"), ("i", bad, "t"), ("i", "s", bad)] {
                let failure = refusal(
                    tencent,
                    context([
                        "TENCENTCLOUD_SECRET_ID": id, "TENCENTCLOUD_SECRET_KEY": secret, "TENCENTCLOUD_TOKEN": token,
                    ]))
                XCTAssertEqual(failure?.kind, .wrong)
                XCTAssertTrue(failure?.reason.hasPrefix("TENCENTCLOUD_") ?? false)
                XCTAssertFalse(failure?.reason.contains("hun") ?? true)
            }
        }
    }

    func testSnapshot() {
        setenv("AIGC_TEST_VARIABLE", "a=b", 1)
        setenv("AIGC_TEST_EMPTY", "", 1)
        let snapshot = ProcessEnvironment.snapshot()
        XCTAssertEqual(snapshot["AIGC_TEST_VARIABLE"], "a=b")
        XCTAssertEqual(snapshot["AIGC_TEST_EMPTY"], "")
        XCTAssertNil(snapshot["AIGC_TEST_NOT_SET"])
        unsetenv("AIGC_TEST_VARIABLE")
        unsetenv("AIGC_TEST_EMPTY")
    }
}
