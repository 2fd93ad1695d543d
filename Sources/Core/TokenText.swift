/// The printable form of a `JobReference`, that another process or language can attach: at most 256 bytes, no secret.
///
///     aigc1:<provider>:<operation>:<region>:<endpoint>:<remote id>:<checksum>
///
/// Characters other than letters, digits and `-_.~` are percent-encoded. The checksum (CRC-32 of all before it,
/// 8 hex digits) detects a token that was cut or mistyped; the checksum is no signature.
public enum TokenText {
    public static let maximumBytes = 256
    private static let prefix = "aigc1"

    /// Nil if the reference does not fit.
    public static func encode(_ reference: JobReference) -> String? {
        var bytes = Array(prefix.utf8)
        for part in [
            reference.provider, reference.operation, reference.region, reference.endpoint, reference.remoteID,
        ] {
            bytes.append(UInt8(ascii: ":"))
            escape(part, into: &bytes)
        }
        bytes += [UInt8(ascii: ":")] + checksum(bytes)
        return bytes.count <= maximumBytes ? String(decoding: bytes, as: UTF8.self) : nil
    }

    public static func decode(_ text: String) throws(Failure) -> JobReference {
        func refuse(_ why: String) -> Failure {
            Failure(.invalidArgument, "Token is not usable: \(why); pass what aigc_job_token() gave", field: "token")
        }
        let bytes = Array(text.utf8)
        guard bytes.count <= maximumBytes else { throw refuse("it is longer than \(maximumBytes) bytes") }
        let parts = bytes.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)
        guard let first = parts.first, first.elementsEqual(prefix.utf8) else {
            throw refuse("it does not start with \"\(prefix):\"")
        }
        guard parts.count == 7, let last = parts.last else { throw refuse("it has not 7 parts, perhaps it was cut") }
        let body = bytes.prefix(bytes.count - last.count - 1)
        guard last.elementsEqual(checksum(body)) else {
            throw refuse("its checksum is wrong, perhaps it was cut or mistyped")
        }
        var texts: [String] = []
        for part in parts.dropFirst().dropLast() {
            guard let text = unescape(part) else { throw refuse("a part of it is not percent-coded UTF-8") }
            texts.append(text)
        }
        guard texts.count == 5, !texts[0].isEmpty, !texts[1].isEmpty, !texts[3].isEmpty, !texts[4].isEmpty else {
            throw refuse("a part of it is empty")
        }
        return JobReference(
            provider: texts[0], operation: texts[1], region: texts[2], endpoint: texts[3], remoteID: texts[4])
    }

    /// Of a lower-case digit: a token has one form.
    private static func hexValue(_ digit: UInt8) -> UInt8? {
        switch digit {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): return digit - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): return digit - UInt8(ascii: "a") + 10
        default: return nil
        }
    }

    private static func escape(_ text: String, into bytes: inout [UInt8]) {
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"),
                UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."),
                UInt8(ascii: "~"):
                bytes.append(byte)
            default:
                bytes.append(UInt8(ascii: "%"))
                bytes.append(Hex.lower(byte >> 4))
                bytes.append(Hex.lower(byte & 15))
            }
        }
    }

    private static func unescape(_ part: ArraySlice<UInt8>) -> String? {
        var out: [UInt8] = []
        var rest = part[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                out.append(byte)
                continue
            }
            guard let high = rest.popFirst().flatMap(hexValue), let low = rest.popFirst().flatMap(hexValue) else {
                return nil
            }
            out.append(high << 4 | low)
        }
        return String(validating: out, as: UTF8.self)
    }

    /// CRC-32 in eight digits.
    private static func checksum(_ bytes: some Sequence<UInt8>) -> [UInt8] {
        let sum = crc32(bytes)
        return stride(from: 28, through: 0, by: -4).map { Hex.lower(UInt8(sum >> UInt32($0) & 15)) }  // safe: four bits
    }

    private static func crc32(_ bytes: some Sequence<UInt8>) -> UInt32 {
        var sum: UInt32 = 0xFFFF_FFFF
        for byte in bytes {
            sum ^= UInt32(byte)
            for _ in 0..<8 { sum = (sum >> 1) ^ (sum & 1 == 1 ? 0xEDB8_8320 : 0) }
        }
        return ~sum
    }
}
