internal import Core

/// Finds what a caller may have meant.
public enum Suggestion {
    /// The candidate that is nearest to a mistyped name, nil if none is near. Case, "-" and "_" do not count.
    public static func nearest(_ name: String, among candidates: [String]) -> String? {
        let wanted = folded(name)
        guard !wanted.isEmpty else { return nil }
        var best: (name: String, distance: Int)?
        for candidate in candidates {
            let other = folded(candidate)
            var distance = edits(wanted, other)
            let shorter = min(wanted.count, other.count)
            let limit = max(1, shorter / 3)
            // "imageNumber" for "number": one within the other counts as near, but less than a typing error.
            if distance > limit, shorter >= 4,
                ASCIIText.place(of: wanted, in: other[...]) ?? ASCIIText.place(of: other, in: wanted[...]) != nil
            {
                distance = limit
            }
            if distance <= limit, distance < best?.distance ?? Int.max {
                best = (candidate, distance)
            }
        }
        return best?.name
    }

    /// `; did you mean "x"?` or the list of what there is, to end a message with.
    public static func hint(_ name: String, among candidates: [String]) -> String {
        if let near = nearest(name, among: candidates) { return "; did you mean \"\(near)\"?" }
        return "; there is " + ASCIIText.list(candidates)
    }

    private static func folded(_ name: String) -> [UInt8] {
        name.utf8.prefix(64).filter { $0 != UInt8(ascii: "-") && $0 != UInt8(ascii: "_") }.map(ASCIIText.lower)
    }

    /// Insertions, deletions, replacements and swaps of neighbours.
    private static func edits(_ a: [UInt8], _ b: [UInt8]) -> Int {
        var before: [Int] = []
        var previous = Array(0...b.count)
        for i in a.indices {
            var current = [i + 1]
            for j in b.indices {
                var cost = min(current[j], previous[j + 1]) + 1
                cost = min(cost, previous[j] + (a[i] == b[j] ? 0 : 1))
                if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] { cost = min(cost, before[j - 1] + 1) }
                current.append(cost)
            }
            before = previous
            previous = current
        }
        return previous[b.count]  // safe: built with b.count + 1 elements
    }
}
