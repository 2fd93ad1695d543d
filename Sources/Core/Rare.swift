/// A value that is rarely there, kept apart so that its absence costs one word: of 100,000 waiting jobs almost none holds
/// a failure. Inlinable: called as a generic of another module it costs ten times as much.
@frozen
public struct Rare<Value: Sendable>: Sendable {
    @usableFromInline
    final class Box: Sendable {
        @usableFromInline let value: Value
        @inlinable init(_ value: Value) { self.value = value }
    }

    @usableFromInline var box: Box?

    @inlinable public init(_ value: Value? = nil) { box = value.map { Box($0) } }

    @inlinable public var value: Value? {
        get { box?.value }
        set { box = newValue.map { Box($0) } }
    }
}
