/// Arithmetic on times that stops at the ends of `Int64` and never traps.
extension Int64 {
    /// Milliseconds as nanoseconds, saturating.
    public static func nanoseconds(milliseconds: Int64) -> Int64 {
        let (value, overflow) = milliseconds.multipliedReportingOverflow(by: 1_000_000)
        return overflow ? (milliseconds < 0 ? .min : .max) : value
    }

    /// Difference without a trap.
    public func subtracting(_ other: Int64) -> Int64 {
        let (value, overflow) = subtractingReportingOverflow(other)
        return overflow ? (other < 0 ? .max : .min) : value
    }

    /// Sum without a trap.
    public func adding(_ other: Int64) -> Int64 {
        let (value, overflow) = addingReportingOverflow(other)
        return overflow ? (other < 0 ? .min : .max) : value
    }
}
