import Codec
import Core
import Foundation
import XCTest

@testable import Signing

/// The vendors' vectors, from Tests/fixtures/signing.
enum Vectors {
    static func load(_ name: String, _ file: String = #filePath) throws -> JSONValue {
        let folder = URL(fileURLWithPath: file).deletingLastPathComponent().deletingLastPathComponent()
        let data = try Data(contentsOf: folder.appendingPathComponent("fixtures/signing/\(name).json"))
        return try JSONValue.parse([UInt8](data))
    }
}

extension JSONValue {
    func text(_ name: String, _ file: StaticString = #filePath, _ line: UInt = #line) throws -> String {
        try XCTUnwrap(self[name]?.stringValue, "no \(name)", file: file, line: line)
    }

    /// An object of strings as pairs.
    func pairs(_ name: String) throws -> [(name: String, value: String)] {
        try (self[name]?.objectValue ?? []).map { ($0.name, try XCTUnwrap($0.value.stringValue)) }
    }

    func list(_ name: String) throws -> [JSONValue] { try XCTUnwrap(self[name]?.arrayValue) }
}

/// Expects a Failure and hands it out.
func refusal(_ file: StaticString = #filePath, _ line: UInt = #line, _ body: () throws -> Void) -> Failure? {
    do {
        try body()
        XCTFail("was not refused", file: file, line: line)
        return nil
    } catch {
        return error as? Failure
    }
}
