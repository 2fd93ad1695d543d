internal import Codec
internal import Core

/// What a field's text requires of its value, beyond the type: a request without it would be paid for and not be what was
/// meant. The option "check" of a request leaves it out.
enum Demand: Sendable {
    /// The text holds a word, literally; why.
    case holds(String, String)
    case within(ClosedRange<Int64>)
    case oneOf([String])
}

extension RequestTable {
    /// Looks at the values as they go out, whichever way they were set.
    func checkValues(
        _ row: OperationRow, _ fields: [FieldRow], _ value: ([String]) -> JSONValue?
    ) throws(Failure) {
        for field in fields {
            guard let given = value(field.path) else { continue }
            if case .string(let text) = given, text.isBlank {
                throw refused(field, row, "holds nothing but blanks")
            }
            for demand in field.demands { try check(given, demand, field, row) }
        }
    }

    private func check(
        _ value: JSONValue, _ demand: Demand, _ field: FieldRow, _ row: OperationRow
    ) throws(Failure) {
        switch demand {
        case .holds(let word, let why):
            guard case .string(let text) = value, !ASCIIText.contains(text, exactly: word) else { return }
            throw refused(field, row, "lacks \(word), \(why)")
        case .within(let range):
            guard value.isNumber, value.intValue.map({ !range.contains($0) }) ?? true else { return }
            let given = value.lenientString?.shown(limit: 40) ?? "no number"
            throw refused(field, row, "is \(given), and \(range.lowerBound) to \(range.upperBound) is taken")
        case .oneOf(let words):
            guard case .string(let text) = value, !words.contains(where: { $0.isSame(as: text) }) else { return }
            throw refused(
                field, row, "is \"\(text.shown(limit: 40))\", and \(ASCIIText.list(words)) is taken")
        }
    }

    private func refused(_ field: FieldRow, _ row: OperationRow, _ why: String) -> Failure {
        Failure(
            .invalidArgument,
            "Checking a request for \(provider) \(row.description.name): field \"\(field.name)\" \(why); nothing was sent. "
                + "If it is meant, set the option \"check\" of the request to \"off\"", field: field.name)
    }
}
