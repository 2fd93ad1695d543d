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

/// A large value that is passed on often, kept apart: a copy is one reference, and a change makes a new value.
@frozen
public struct Apart<Value: Sendable>: Sendable {
    @usableFromInline var box: Rare<Value>.Box

    @inlinable public init(_ value: Value) { box = Rare<Value>.Box(value) }

    @inlinable public var value: Value {
        get { box.value }
        set { box = Rare<Value>.Box(newValue) }
    }
}

extension Apart: Equatable where Value: Equatable {
    @inlinable public static func == (a: Apart, b: Apart) -> Bool { a.box === b.box || a.box.value == b.box.value }
}
