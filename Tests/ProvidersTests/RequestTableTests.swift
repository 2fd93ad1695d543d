import Codec
import Core
import Providers
import XCTest

final class RequestTableTests: XCTestCase {
    /// The tables are complete, and hold nothing else.
    func testTablesAsTheSpecListsThem() throws {
        var expected: [String] = []
        for row in try Fixtures.rows("fields.txt") { expected.append(row.joined(separator: "|")) }
        var found: [String] = []
        for table in Clouds.requests {
            for operation in table.operations {
                let fields = operation.fields.map {
                    "\($0.name):\($0.type.rawValue):\($0.isRequired ? 1 : 0):\($0.wireName)"
                }
                found.append(
                    "\(table.provider) \(operation.name) \(operation.kind.rawValue) \(operation.wireName)|"
                        + fields.joined(separator: " "))
                XCTAssertEqual(Set(operation.fields.map { $0.name }).count, operation.fields.count)
                for field in operation.fields {
                    XCTAssertTrue(field.text.hasSuffix("."), "no sentence: \(field.name)")
                    XCTAssertFalse(field.text.contains("\n"))
                }
            }
        }
        XCTAssertEqual(found, expected)
        XCTAssertEqual(try alibaba().operations.map { $0.name }, Clouds.requests[0].operations.map { $0.name })
    }

    func testEveryFieldRefusesOtherTypes() throws {
        let values: [(FieldValue, Set<FieldDescription.ValueType>)] = [
            (.string("s"), [.string]), (.int(1), [.int, .double]), (.double(0.5), [.double]), (.bool(true), [.bool]),
            (.json(Array("\"s\"".utf8)), [.string]), (.json(Array("1".utf8)), [.int, .double]),
            (.json(Array("1.0".utf8)), [.int, .double]),
            (.json(Array("0.5".utf8)), [.double]), (.json(Array("false".utf8)), [.bool]),
            (.json(Array("{\"size\":\"1x1\"}".utf8)), [.json]),
            (.json(Array("[\"https://a.b/c.png\"]".utf8)), [.imageURL]), (.json(Array("null".utf8)), []),
            (.json(Array("{\"a\":1,\"a\":2}".utf8)), []),
            (.json(Array("{".utf8)), []), (.json([0xFF]), []), (.double(.nan), []), (.double(.infinity), []),
        ]
        for table in Clouds.requests {
            for operation in table.operations {
                for field in operation.fields {
                    for (value, fits) in values {
                        let check = {
                            try table.checkField(operation: operation.name, name: field.name, value: value)
                        }
                        if fits.contains(field.type) {
                            XCTAssertNoThrow(try check(), "\(operation.name) \(field.name) \(value)")
                        } else {
                            let failure = try refusal { try check() }
                            XCTAssertEqual(failure.status, .invalidArgument)
                            XCTAssertEqual(failure.field, field.name, "\(operation.name) \(value)")
                            // It says what would be right.
                            XCTAssertTrue(
                                failure.message.contains("takes") || failure.message.contains("JSON")
                                    || failure.message.contains("must be"), failure.message)
                        }
                    }
                }
            }
        }
    }

    func testUnknownNamesNameTheNearest() throws {
        let cases = [
            ("aigc_image", "promt", "\"prompt\""), ("aigc_image", "negative-prompt", "\"negative_prompt\""),
            ("aigc_image", "Prompt", "\"prompt\""), ("aigc_image", "OutputImageCount", "\"count\""),
            ("aigc_image", "ExtraParameters.LogoAdd", "\"logo_add\""),
            ("aigc_image", "AspectRatio", "\"aspect_ratio\""),
            ("aigc_image", "aspectratio", "\"aspect_ratio\""), ("aigc_image", "formt", "there is model"),
        ]
        for (operation, name, hint) in cases {
            let failure = try refusal {
                try tencent().checkField(operation: operation, name: name, value: .string("x"))
            }
            XCTAssertEqual(failure.status, .invalidArgument)
            XCTAssertEqual(failure.field, name)
            XCTAssertTrue(failure.message.contains(hint), failure.message)
        }
        let seed = try refusal { try tencent().checkField(operation: "aigc_image", name: "seed", value: .int(1)) }
        XCTAssertEqual(seed.field, "seed")
        let refusals = [
            ("\"tencent\"", try refusal { _ = try Clouds.requests(of: "tencnet") }),
            ("alibaba or tencent", try refusal { _ = try Clouds.requests(of: "openai") }),
            ("\"aigc_image\"", try refusal { _ = try tencent().requests.operation("image") }),
            (
                try choice(of: .submit),
                try refusal { _ = try alibaba().submission(operation: "inference_asset", fields: RequestFields()) }
            ),
            (
                try choice(of: .fetch),
                try refusal { _ = try alibaba().fetch(operation: "inference", fields: RequestFields()) }
            ),
        ]
        for (hint, failure) in refusals {
            XCTAssertTrue(failure.message.contains(hint), "\(failure.message) lacks: \(hint)")
        }
    }

    /// Alibaba's operations of one kind as a sentence lists them: "a, b or c".
    private func choice(of kind: OperationDescription.Kind) throws -> String {
        let names = try Clouds.requests(of: "alibaba").operations.filter { $0.kind == kind }.map(\.name)
        XCTAssertGreaterThan(names.count, 1)
        return names.dropLast().joined(separator: ", ") + " or " + (names.last ?? "")
    }

    func testNearest() {
        let names = ["timeout.connect_ms", "timeout.idle_ms", "retry.max_attempts", "tencent.region"]
        XCTAssertEqual(Suggestion.nearest("timeout.conect_ms", among: names), "timeout.connect_ms")
        XCTAssertEqual(Suggestion.nearest("retry.max-attempts", among: names), "retry.max_attempts")
        XCTAssertEqual(Suggestion.nearest("TENCENT.REGION", among: names), "tencent.region")
        XCTAssertEqual(Suggestion.nearest("rgeion", among: ["region", "prompt"]), "region")
        XCTAssertNil(Suggestion.nearest("zzz", among: names))
        XCTAssertNil(Suggestion.nearest("", among: names))
        XCTAssertNil(Suggestion.nearest("x", among: []))
        XCTAssertNil(Suggestion.nearest(String(repeating: "q", count: 100_000), among: names))
    }

    /// A URL that is refused may still be signed, or have a password.
    func testARefusedURLShowsNoSecret() throws {
        for url in [
            "ftp://b.cos.ap-guangzhou.myqcloud.com/a.png?q-signature=s3cret",
            "user:s3cret@b/a?x=s3cret",
            "ftp://u:s3cret?s3cret@b/a.png#s3cret", "https:/b/a.png?s3cret", "//b?q-signature=s3cret@1",
        ] {
            var fields = RequestFields()
            fields.values = ["model": .string("Hunyuan"), "prompt": .string("p")]
            fields.images = [ImageReference(url: url)]
            let table = try Calls().tencent
            XCTAssertThrowsError(try table.submission(operation: "aigc_image", fields: fields), url) {
                let message = ($0 as? Failure)?.message ?? ""
                XCTAssertTrue(message.contains("URL"), message)
                XCTAssertFalse(message.contains("s3cret"), message)
            }
        }
    }

    func testMissingFields() throws {
        var fields = RequestFields()
        let provider = try alibaba()
        XCTAssertEqual(
            try refusal { _ = try provider.submission(operation: "inference", fields: fields) }.field, "model")
        fields.values["model"] = .string("m")
        XCTAssertEqual(
            try refusal { _ = try provider.submission(operation: "inference", fields: fields) }.field, "prompt")
        fields.values["prompt"] = .string("")
        XCTAssertEqual(
            try refusal { _ = try provider.submission(operation: "inference", fields: fields) }.field, "prompt")
        fields.values["prompt"] = .string("a <special-token>")
        XCTAssertNoThrow(try provider.submission(operation: "inference", fields: fields))
        XCTAssertEqual(
            try refusal { _ = try provider.submission(operation: "pre_model_inference", fields: fields) }.field,
            "model",
            "a field that the operation lacks")
        fields.values["model"] = nil
        XCTAssertEqual(
            try refusal { _ = try provider.submission(operation: "pre_model_inference", fields: fields) }.field,
            "image_urls")
        for (operation, name) in [("inference_asset", "model_id"), ("pre_model_inference_asset", "image_id")] {
            XCTAssertEqual(
                try refusal { _ = try provider.fetch(operation: operation, fields: RequestFields()) }.field, name)
        }
        let other = try tencent()
        XCTAssertEqual(
            try refusal { _ = try other.submission(operation: "aigc_image", fields: RequestFields()) }.field, "prompt")
        XCTAssertEqual(
            try refusal { _ = try other.fetch(operation: "aigc_image_asset", fields: RequestFields()) }.field, "url")
        var store = RequestFields()
        store.values = ["prompt": .string("p"), "cos_bucket": .string("b")]
        XCTAssertEqual(
            try refusal { _ = try other.submission(operation: "aigc_image", fields: store) }.field, "cos_region")
        store.values = ["prompt": .string("p"), "cos_path": .string("b"), "cos_region": .string("r")]
        XCTAssertEqual(
            try refusal { _ = try other.submission(operation: "aigc_image", fields: store) }.field, "cos_bucket")
        store.values["cos_bucket"] = .string("b")
        XCTAssertNoThrow(try other.submission(operation: "aigc_image", fields: store))
        // One image is enough.
        var picture = RequestFields()
        picture.images = [ImageReference(url: "https://a.b/c.png")]
        XCTAssertNoThrow(try other.submission(operation: "aigc_image", fields: picture))
    }

    func testImages() throws {
        let provider = try tencent()
        for url in ["https://a.b/c.png?x=1&y=2", "HTTP://a.b/c", "https://[::1]/x", "https://\u{4f8b}.cn/\u{56fe}.png"]
        {
            XCTAssertNoThrow(try provider.checkImage(operation: "aigc_image", image: ImageReference(url: url)), url)
        }
        for url in [
            "", "cat.png", "/tmp/cat.png", "file:///tmp/cat.png", "https://", "https:///x", "https://a.b/c d",
            "https://a.b/c\r\nX: y", "data:image/png;base64,AAAA", "https://a/" + String(repeating: "a", count: 9_000),
        ] {
            let failure = try refusal {
                try provider.checkImage(operation: "aigc_image", image: ImageReference(url: url))
            }
            XCTAssertEqual(failure.field, "image_urls", url)
            XCTAssertFalse(failure.message.contains("\n"))
        }
        let typed = ImageReference(url: "https://a.b/c.png", referenceType: "style")
        XCTAssertNoThrow(try provider.checkImage(operation: "aigc_image", image: typed))
        XCTAssertEqual(
            try refusal { try alibaba().checkImage(operation: "pre_model_inference", image: typed) }.field, "image_urls"
        )
        XCTAssertEqual(
            try refusal { try alibaba().checkImage(operation: "inference", image: typed) }.field, "image_urls")
        var fields = RequestFields()
        fields.values["url"] = .string("https://a.b/c.png")
        fields.images = [typed]
        XCTAssertEqual(
            try refusal { _ = try provider.fetch(operation: "aigc_image_asset", fields: fields) }.field, "image_urls")

        // As JSON, and both ways together.
        var mixed = RequestFields()
        mixed.values["image_urls"] = .json(
            Array(#"["https://a/1",{"url":"https://a/2","reference_type":"asset"},{"url":"https://a/3"}]"#.utf8))
        mixed.images = [ImageReference(url: "https://a/4")]
        XCTAssertEqual(
            try JSONValue.parse(provider.submission(operation: "aigc_image", fields: mixed).body),
            try JSONValue.parse(
                Array(
                    (#"{"ImageInfos":[{"ImageUrl":"https://a/1"},{"ImageUrl":"https://a/2","ReferenceType":"asset"},"#
                        + #"{"ImageUrl":"https://a/3"},{"ImageUrl":"https://a/4"}]}"#).utf8)))
        for text in [
            "{}", "[1]", "[{}]", "[{\"url\":1}]", "[{\"url\":\"https://a/1\",\"reference_type\":1}]", "[null]",
        ] {
            XCTAssertEqual(
                try refusal {
                    try provider.checkField(operation: "aigc_image", name: "image_urls", value: .json(Array(text.utf8)))
                }.field, "image_urls", text)
        }
    }

    func testBodyFieldsByWireName() throws {
        let provider = try tencent()
        var fields = RequestFields()
        fields.values = ["prompt": .string("neutral"), "resolution": .string("2K")]
        fields.bodyOverrides = [
            ("Prompt", Array("\"wire\"".utf8)), ("ExtraParameters.NewField", Array("{\"a\":[1,2.5,null]}".utf8)),
            ("Brand.New.Thing", Array("true".utf8)), ("ExtraParameters.NewField.b", Array("1".utf8)),
            ("Brand.New.Thing", Array("false".utf8)),
        ]
        // Two names of one field, as the host wants it.
        fields.checksValues = false
        let body = try provider.submission(operation: "aigc_image", fields: fields).body
        XCTAssertEqual(
            String(decoding: body, as: UTF8.self),
            #"{"Prompt":"wire","ExtraParameters":{"Resolution":"2K","NewField":{"a":[1,2.5,null],"b":1}},"#
                + #""Brand":{"New":{"Thing":false}}}"#
        )
        // They also stand in for what is required, and can take it away.
        var only = RequestFields()
        only.bodyOverrides = [("Prompt", Array("\"p\"".utf8))]
        XCTAssertNoThrow(try provider.submission(operation: "aigc_image", fields: only))
        only.bodyOverrides.append(("Prompt", Array("null".utf8)))
        XCTAssertEqual(
            try refusal { _ = try provider.submission(operation: "aigc_image", fields: only) }.field, "prompt")
        only.bodyOverrides = [("Prompt", Array("{".utf8))]
        XCTAssertEqual(
            try refusal { _ = try provider.submission(operation: "aigc_image", fields: only) }.field, "body.Prompt")

        XCTAssertNoThrow(
            try provider.checkField(operation: "aigc_image", name: "body.A.B", value: .json(Array("[]".utf8))))
        XCTAssertEqual(try RequestTable.bodyPath("body.A.B"), "A.B")
        XCTAssertNil(try RequestTable.bodyPath("bodyguard"))
        for name in [
            "body.", "body.A..B", "body..A", "body.A.", "body." + String(repeating: "a.", count: 20) + "b",
            "body." + String(repeating: "a", count: 600),
        ] {
            XCTAssertEqual(
                try refusal {
                    try provider.checkField(operation: "aigc_image", name: name, value: .json(Array("1".utf8)))
                }.status, .invalidArgument, name)
        }
        XCTAssertEqual(
            try refusal { try provider.checkField(operation: "aigc_image", name: "body.A", value: .int(1)) }.field,
            "body.A")
        XCTAssertThrowsError(
            try provider.checkField(operation: "aigc_image_asset", name: "body.A", value: .json(Array("1".utf8))))
        var fetch = RequestFields()
        fetch.values["url"] = .string("https://a/1")
        fetch.bodyOverrides = [("A", Array("1".utf8))]
        XCTAssertThrowsError(try provider.fetch(operation: "aigc_image_asset", fields: fetch))
    }

    func testAdditionalParametersGoIntoAString() throws {
        let provider = try tencent()
        func sent(_ json: String) throws -> JSONValue? {
            var fields = RequestFields()
            fields.values = ["prompt": .string("p"), "additional_parameters": .json(Array(json.utf8))]
            let call = try provider.submission(operation: "aigc_image", fields: fields)
            return try JSONValue.parse(call.body)["AdditionalParameters"]
        }
        XCTAssertEqual(try sent(#"{"size":"1024x1024"}"#), .string(#"{"size":"1024x1024"}"#))
        XCTAssertEqual(try sent(#"{"x":1.10}"#), .string(#"{"x":1.10}"#), "the caller's own text")
        XCTAssertEqual(try sent(#""{\"size\":\"1x1\"}""#), .string(#"{"size":"1x1"}"#), "serialised already")
        for json in ["[1]", "1", "\"no json\"", "\"[1]\"", "true"] {
            XCTAssertEqual(try refusal { _ = try sent(json) }.field, "additional_parameters", json)
        }
    }

    func testLimits() throws {
        var fields = RequestFields()
        fields.values["prompt"] = .string(String(repeating: "a", count: 11 << 20))
        XCTAssertEqual(
            try refusal { _ = try tencent().submission(operation: "aigc_image", fields: fields) }.field, "body")
        // What the cloud judges passes.
        fields.values = [
            "prompt": .string("p"), "count": .int(100), "model": .string("no such model"),
            "resolution": .string("9999P"),
        ]
        XCTAssertNoThrow(try tencent().submission(operation: "aigc_image", fields: fields))
        fields.values = ["prompt": .string("p"), "model": .string("m"), "seed": .int(.min), "count": .int(0)]
        fields.checksValues = false
        XCTAssertNoThrow(try alibaba().submission(operation: "inference", fields: fields))
    }

    /// What nobody means, and what the text of a field excludes, is refused before it is paid for; an option sends it.
    func testValuesThatNobodyMeans() throws {
        func refused(_ operation: String, _ values: [String: FieldValue], _ body: [(String, String)] = []) throws
            -> String?
        {
            var fields = RequestFields()
            fields.values = values
            if operation == "pre_model_inference" { fields.images = [ImageReference(url: "https://a/b")] }
            fields.bodyOverrides = body.map { (path: $0.0, json: Array($0.1.utf8)) }
            let provider: any Provider = operation == "aigc_image" ? try tencent() : try alibaba()
            fields.checksValues = false
            XCTAssertNoThrow(try provider.submission(operation: operation, fields: fields), "\(values)")
            fields.checksValues = true
            do {
                _ = try provider.submission(operation: operation, fields: fields)
                return nil
            } catch {
                XCTAssertEqual(error.status, .invalidArgument)
                XCTAssertTrue(error.message.contains("\"check\" of the request to \"off\""), error.message)
                return error.field
            }
        }
        let blanks = [
            " ", "   ", "\t\n", "\u{3000}", "\u{A0}\u{2003}", "\u{200B}", "\u{FEFF}", "\u{2028}", "\u{2800}",
            "\u{3164}", "\u{202E} ",
            "\u{FE0F}", "\u{AD}", "\u{0}", "\u{34F}", "\u{17B4}", "\u{17B5}", "\u{1D159}", "\u{115F}", "\u{1160}",
            "\u{FFA0}", "\u{E0001}", "\u{E0020}\u{E007F}", "\u{E0100}", "\u{E01EF}", "\u{E0FFF}", "\u{180B}\u{180F}",
            "\u{2061}\u{2064}", "\u{1BCA0}", "\u{1D173}", "\u{FFF0}", "\u{2065}", "\u{13441}", "\u{16FE4}", "\u{85}",
            "\u{1680}", "\u{205F}", "\u{202F}", "\u{200D}\u{FE0F} \u{34F}",
        ]
        for blank in blanks {
            XCTAssertEqual(try refused("aigc_image", ["prompt": .string(blank)]), "prompt", blank.debugDescription)
            XCTAssertEqual(
                try refused("inference", ["prompt": .string(blank), "model": .string("m")]), "prompt",
                blank.debugDescription)
            XCTAssertEqual(try refused("aigc_image", ["prompt": .string("a"), "model": .string(blank)]), "model")
        }
        XCTAssertEqual(try refused("aigc_image", [:], [("Prompt", "\" \"")]), "prompt")
        for prompt in [
            "a cat", "a <special token>", "<Special-Token>", "special-token", "<special-token", "<\u{17F}pecial-token>",
        ] {
            for operation in ["inference", "pre_model_inference"] {
                var values: [String: FieldValue] = ["prompt": .string(prompt)]
                if operation == "inference" { values["model"] = .string("m") }
                XCTAssertEqual(try refused(operation, values), "prompt", prompt)
                values["prompt"] = nil
                XCTAssertNil(try refused(operation, values, [("prompt", "\"the <special-token>\"")]))
            }
            XCTAssertNil(try refused("aigc_image", ["prompt": .string(prompt)]), prompt)
        }
        for prompt in ["<special-token>", "a<special-token>b", "é <special-token>"] {
            XCTAssertNil(try refused("inference", ["prompt": .string(prompt), "model": .string("m")]), prompt)
        }
        for (seed, isRefused) in [
            ("-1", false), ("0", false), ("2147483647", false), ("-2", true), ("2147483648", true),
            ("18446744073709551615", true),
            ("1e400", true), ("7.0", false), ("0.5", true),
        ] {
            let body = [("seed", seed)]
            let values: [String: FieldValue] = ["prompt": .string("<special-token>"), "model": .string("m")]
            XCTAssertEqual(try refused("inference", values, body), isRefused ? "seed" : nil, seed)
        }
        for (count, isRefused) in [
            ("0", true), ("-1", true), ("1", false), ("4", false), ("100", false), ("101", true), ("1000000", true),
            ("9223372036854775807", true), ("18446744073709551616", true), ("1.5", true),
        ] {
            let field = isRefused ? "count" : nil
            let body = [("OutputImageCount", count)]
            XCTAssertEqual(try refused("aigc_image", ["prompt": .string("a")], body), field, count)
            if let number = Int64(count) {
                XCTAssertEqual(
                    try refused("aigc_image", ["prompt": .string("a"), "count": .int(number)]), field, count)
                let values: [String: FieldValue] = [
                    "prompt": .string("<special-token>"), "model": .string("m"), "count": .int(number),
                ]
                XCTAssertEqual(try refused("inference", values), field, count)
            }
        }
        XCTAssertEqual(
            try refused("aigc_image", ["prompt": .string("a"), "output_format": .string("gif")]), "output_format")
        XCTAssertNil(try refused("aigc_image", ["prompt": .string("a"), "output_format": .string("png")]))
    }

    /// Marks and signs that are seen are a prompt.
    func testWhatIsSeenIsNoBlank() throws {
        for text in [
            "\u{301}", "e\u{301}", "🦄", "👩\u{200D}🎨", "·", "\u{2801}", "\u{1D158}", "ㅤ猫", "\u{E000}", "-", "0",
        ] {
            XCTAssertFalse(text.isBlank, text.debugDescription)
            var fields = RequestFields()
            fields.values = ["prompt": .string(text)]
            XCTAssertNoThrow(try tencent().submission(operation: "aigc_image", fields: fields), text.debugDescription)
        }
    }

    /// Two names of one field of the body are refused, and both are named: for every field of every operation.
    func testTwoNamesOfOneField() throws {
        for provider in [try tencent(), try alibaba()] as [any CheckingProvider] {
            for operation in provider.operations where operation.kind == .submit {
                for field in operation.fields {
                    let paths = field.wireName.split(separator: ".").map(String.init)
                    var names = [field.wireName, field.wireName + ".Below"]
                    if paths.count > 1 { names.append(paths[0]) }
                    for name in names { try checkTwice(provider, operation, field, name) }
                }
            }
        }
    }

    private func checkTwice(
        _ provider: any CheckingProvider, _ operation: OperationDescription, _ field: FieldDescription, _ name: String
    ) throws {
        var fields = RequestFields()
        switch field.type {
        case .string: fields.values[field.name] = .string("x <special-token>")
        case .int: fields.values[field.name] = .int(1)
        case .double: fields.values[field.name] = .double(1)
        case .bool: fields.values[field.name] = .bool(true)
        case .json: fields.values[field.name] = .json(Array("{}".utf8))
        case .imageURL: fields.images = [ImageReference(url: "https://a/b")]
        }
        fields.bodyOverrides = [(path: name, json: Array("{}".utf8))]
        let what = "\(provider.name) \(operation.name) \(field.name) \(name)"
        let failure = try refusal { _ = try provider.submission(operation: operation.name, fields: fields) }
        XCTAssertEqual(failure.status, .invalidArgument, what)
        XCTAssertEqual(failure.field, "body.\(name)", what)
        XCTAssertTrue(failure.message.contains("\"\(field.name)\" and \"body.\(name)\""), failure.message)
        XCTAssertTrue(failure.message.contains("Nothing was sent"), failure.message)
    }

    func testTwoBodyNamesOfOneField() throws {
        for (names, clashes) in [
            ([("A", #"{"x":1}"#), ("A.x", "2")], true), ([("A.x", "2"), ("A", #"{"y":1}"#)], true),
            ([("A", "1"), ("A.x", "2")], true), ([("A.b.c", "1"), ("A", "2")], true),
            ([("A", #"{"x":1}"#), ("A.y", "2")], false), ([("A.x", "1"), ("A.y", "2")], false),
            ([("A", "1"), ("a", "2")], false), ([("A.x", "1"), ("B.x", "1")], false),
            ([("A", #"{"B":3}"#), ("A.B.D", "3")], true), ([("A.B.D", "3"), ("A", #"{"B":3}"#)], true),
            ([("A", #"{"B":{"C":"x"}}"#), ("A.B.C.D.E", "3")], true), ([("A", #"{"B":[1]}"#), ("A.B.D", "3")], true),
            ([("A.B", #"{"C":null}"#), ("A.B.C.D", "3")], true), ([("A", #"{"B":{"C":3}}"#), ("A.B.D", "3")], false),
            ([("A", #"{"C":3}"#), ("A.B.D", "3")], false),
            ([("A", #"{"x":1}"#), ("A.B", "3"), ("A.B.D", "3")], nil),
        ] as [([(String, String)], Bool?)] {
            var fields = RequestFields()
            fields.values = ["prompt": .string("a")]
            fields.bodyOverrides = names.map { (path: $0.0, json: Array($0.1.utf8)) }
            let provider = try tencent()
            guard clashes != false else {
                XCTAssertNoThrow(try provider.submission(operation: "aigc_image", fields: fields), "\(names)")
                continue
            }
            let failure = try refusal { _ = try provider.submission(operation: "aigc_image", fields: fields) }
            // Of three names those two that clash.
            let pair = names.suffix(2).map(\.0)
            let both = "\"body.\(pair[0])\" and \"body.\(pair[1])\""
            XCTAssertTrue(failure.message.contains(both), failure.message)
            fields.checksValues = false
            XCTAssertNoThrow(try provider.submission(operation: "aigc_image", fields: fields))
        }
    }

    /// What the host wrote goes out as it wrote it.
    func testNumbersGoOutAsTheyWereWritten() throws {
        for number in [
            "18446744073709551615", "1e400", "0.1", "-0", "1.50", "123456789012345678901234567890", "1E+2", "0.10",
        ] {
            var fields = RequestFields()
            fields.values = ["prompt": .string("a"), "additional_parameters": .json(Array("{\"x\":[\(number)]}".utf8))]
            fields.bodyOverrides = [
                (path: "Seed", json: Array(number.utf8)), (path: "A.B", json: Array("[{\"c\":\(number)}]".utf8)),
                (path: "A.D", json: Array(number.utf8)),
            ]
            let body = String(
                decoding: try tencent().submission(operation: "aigc_image", fields: fields).body, as: UTF8.self)
            XCTAssertTrue(body.contains("\"Seed\":\(number),"), body)
            XCTAssertTrue(body.contains("\"A\":{\"B\":[{\"c\":\(number)}],\"D\":\(number)}"), body)
            XCTAssertTrue(body.contains(#"{\"x\":[\#(number)]}"#), body)
        }
        // A field that takes a number takes it as it is, of whatever size.
        for (number, isTaken) in [
            ("7", true), ("18446744073709551615", true), ("-0", true), ("7.5", false), ("\"7\"", false),
        ] {
            var fields = RequestFields()
            fields.values = ["prompt": .string("a"), "count": .json(Array(number.utf8))]
            fields.checksValues = false
            let call = try? tencent().submission(operation: "aigc_image", fields: fields)
            XCTAssertEqual(call != nil, isTaken, number)
            if let call {
                XCTAssertTrue(String(decoding: call.body, as: UTF8.self).contains("\"OutputImageCount\":\(number)"))
            }
        }
    }

    // MARK: - Kinds

    /// Model, version and resolution of a request decide how long its job takes.
    func testTheKindOfASubmission() {
        func variant(_ values: [String: FieldValue]) -> String {
            var fields = RequestFields()
            fields.values = values
            return fields.variant
        }
        XCTAssertEqual(variant([:]), "")
        XCTAssertEqual(variant(["prompt": .string("a cat"), "count": .int(2)]), "")
        XCTAssertEqual(variant(["model": .string("Hunyuan")]), "Hunyuan")
        XCTAssertEqual(
            variant(["model": .string("GEM"), "model_version": .string("2.5"), "resolution": .string("2K")]),
            "GEM\t2.5\t2K")
        XCTAssertEqual(variant(["model": .string("GEM"), "resolution": .string("2K")]), "GEM\t\t2K")
        XCTAssertEqual(variant(["model": .json([1])]), "")
        XCTAssertEqual(variant(["model_version": .string("2.5")]), "\t2.5", "it is not the model 2.5")
        XCTAssertEqual(variant(["resolution": .string("2K")]), "\t\t2K")
        let long = variant(["model": .string(String(repeating: "\u{1F600}", count: 5_000_000))])
        XCTAssertEqual(long.utf8.count, 64)
    }
}
