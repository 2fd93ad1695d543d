internal import Core

/// The destination of an image's bytes. After an error the store can still be cleared or dropped.
protocol ImageStore: AnyObject {
    /// The length of the whole image, or a little more: makes room.
    func announce(_ total: Int64) throws(Failure)
    /// The format is known; called before the first byte.
    func settle(_ format: ImageFormat) throws(Failure)
    func append(_ bytes: UnsafeRawBufferPointer) throws(Failure)
    /// Room for so many bytes (at most `Receiver.pieceLength`), of which `advance` then keeps some.
    func room(_ count: Int) throws(Failure) -> UnsafeMutableRawPointer
    func advance(_ count: Int)
    /// Writes all buffered bytes.
    func flush() throws(Failure)
    /// Removes all bytes.
    func clear() throws(Failure)
    /// Writes the note that a later process needs to continue. False if it cannot.
    func remember(_ note: ResumeNote) -> Bool
}
