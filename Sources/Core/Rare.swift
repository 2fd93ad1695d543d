/// A value that is seldom there, kept apart so that its absence costs a word: of 100,000 jobs that wait hardly one holds a
/// failure.
public struct Rare<Value: Sendable>: Sendable {
    private final class Box: Sendable {
        let value: Value
        init(_ value: Value) { self.value = value }
    }

    private var box: Box?

    public init(_ value: Value? = nil) { box = value.map(Box.init) }

    public var value: Value? {
        get { box?.value }
        set { box = newValue.map(Box.init) }
    }
}
