import Core
import Credentials
import Engine
import Foundation
import Support
import XCTest

@testable import AigcABI

/// A third cloud takes a row, and runs through the same engine, transport, credentials and files as the two of this build.
final class CloudTests: XCTestCase {
    private struct NamedKeys: CredentialSource {
        let name = "painter's keys"
        let secret: String

        func fetch(_ context: CredentialContext) throws(CredentialUnavailable) -> Credentials {
            Credentials(id: "painter", secret: Secret(secret))
        }
    }

    private func client(of server: PaintServer, secret: String) throws -> Client {
        let plan = CredentialPlan(
            provider: "paint", rolePrefix: "paint:", roleForm: "paint:ROLE",
            sources: { _ in [NamedKeys(secret: secret)] },
            assumeRole: { (_, base, _) throws(CredentialUnavailable) in base })
        let paint = Cloud(
            credentials: plan,
            // A cloud that lasts has keys of its own; the test cloud borrows them.
            keys: Cloud.tencent.keys, rates: [],
            make: { (_) throws(Failure) in PaintCloud(endpoint: server.endpoint) })
        var values = ConfigValues()
        try values.set("download.allow_private_addresses", "true")
        try values.set("poll.initial_ms", "20")
        try values.set("http.proxy", "none")
        try values.set("credentials.use_metadata", "false")
        return try Composition.client(values, of: Cloud.all + [paint])
    }

    private func submit(_ prompt: String, _ client: Client) throws -> JobRecord {
        let provider = try XCTUnwrap(client.engine.provider("paint"))
        var fields = RequestFields()
        fields.values["prompt"] = .string(prompt)
        let call = try provider.submission(operation: "paint", fields: fields)
        return try client.engine.submit(call, operation: "paint", follow: true, deadlineMilliseconds: 60_000)
    }

    func testAThirdCloudRunsAJobThroughTheRealEngine() throws {
        let server = PaintServer()
        defer { server.stop() }
        let client = try client(of: server, secret: "brush")
        defer { client.close(graceMilliseconds: 1_000) }
        let job = try submit("a red cat", client)
        let snapshot = try XCTUnwrap(client.engine.wait(job, milliseconds: 60_000))
        XCTAssertEqual(snapshot.state, .succeeded, "\(String(describing: snapshot.failure))")
        XCTAssertEqual(snapshot.reference?.remoteID, "1")
        let path = NSTemporaryDirectory() + "paint-\(UUID().uuidString).gif"
        defer { try? FileManager.default.removeItem(atPath: path) }
        let download = try client.engine.download(job, index: 0, path: path)
        let end = try XCTUnwrap(client.engine.wait(download, milliseconds: 60_000))
        XCTAssertEqual(end.state, .succeeded, "\(String(describing: end.failure))")
        XCTAssertEqual(try [UInt8](Data(contentsOf: URL(fileURLWithPath: path))), PaintServer.picture)
        XCTAssertEqual(server.submitted, ["a red cat"])
    }

    func testItsRefusalsAreRefusals() throws {
        let server = PaintServer()
        defer { server.stop() }
        let client = try client(of: server, secret: "stolen")
        defer { client.close(graceMilliseconds: 1_000) }
        let job = try submit("a red cat", client)
        let snapshot = try XCTUnwrap(client.engine.wait(job, milliseconds: 60_000))
        XCTAssertEqual(snapshot.state, .failed)
        XCTAssertEqual(snapshot.failure?.status, .auth)
        XCTAssertEqual(server.submitted, [])
    }

    /// Two rows of one name, or an empty one, would hide a cloud.
    func testEveryRowHasANameAndARequestTable() {
        XCTAssertEqual(Set(Cloud.all.map(\.name)).count, Cloud.all.count)
        for cloud in Cloud.all { XCTAssertNoThrow(try Catalogue.table(cloud.name)) }
    }
}
