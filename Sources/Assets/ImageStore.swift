internal import Core

/// Where the bytes of an image go. Errors leave the store usable for `clear` and for being thrown away.
protocol ImageStore: AnyObject {
    /// The length of the whole image, or a little more: makes room.
    func announce(_ total: Int64) throws(Failure)
    /// The format is known; called before the first byte.
    func settle(_ format: ImageFormat) throws(Failure)
    func append(_ bytes: UnsafeRawBufferPointer) throws(Failure)
    /// Room for so many bytes (at most `Receiver.pieceLength`), of which `advance` then keeps some.
    func room(_ count: Int) throws(Failure) -> UnsafeMutableRawPointer
    func advance(_ count: Int)
    /// Everything leaves our buffers.
    func flush() throws(Failure)
    /// Back to nothing.
    func clear() throws(Failure)
    /// Writes down what a later process needs to continue. False if it cannot.
    func remember(_ note: ResumeNote) -> Bool
}
