/// Values by name where names are few (providers, endpoints): comparing a handful costs a tenth of hashing one.
struct FewKeys<Value> {
    private var entries: [(key: String, value: Value)] = []

    var isEmpty: Bool { entries.isEmpty }
    var keys: [String] { entries.map(\.key) }

    private func index(of key: String) -> Int? { entries.firstIndex { $0.key == key } }

    subscript(_ key: String) -> Value? {
        get { index(of: key).map { entries[$0].value } }  // safe: an index that was found
        set {
            switch (index(of: key), newValue) {
            case (let index?, let value?): entries[index].value = value  // safe: as above
            case (let index?, nil): entries.remove(at: index)  // safe: as above
            case (nil, let value?): entries.append((key, value))
            case (nil, nil): break
            }
        }
    }

    subscript(_ key: String, default make: @autoclosure () -> Value) -> Value {
        get { index(of: key).map { entries[$0].value } ?? make() }  // safe: as above
        _modify {
            var place = index(of: key) ?? -1
            if place < 0 {
                place = entries.count
                entries.append((key, make()))
            }
            yield &entries[place].value  // safe: found or appended
        }
    }
}
