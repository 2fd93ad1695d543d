// What libcurl calls during a transfer, on the engine thread, inside CurlTransport.wait. The context is the Slot, which
// the transport keeps alive longer than its handle.

import CCurl
import Core
import Glibc

private func slot(_ context: UnsafeMutableRawPointer?) -> Slot? {
    guard let context else { return nil }
    return Unmanaged<Slot>.fromOpaque(context).takeUnretainedValue()
}

/// A header line. Anything but the count ends the transfer.
let onHeader: curl_write_callback = { bytes, size, count, context in
    guard let slot = slot(context), let bytes else { return 0 }
    return slot.takeHeader(UnsafeRawBufferPointer(start: bytes, count: size * count)) ? size * count : 0
}

/// A piece of the body.
let onBody: curl_write_callback = { bytes, size, count, context in
    guard let slot = slot(context) else { return 0 }
    return slot.takeBody(UnsafeRawBufferPointer(start: bytes, count: size * count)) ? size * count : 0
}

/// The connection is open, and the request is sent next. Called again when libcurl is about to send it again.
let onRequest: curl_prereq_callback = { context, peer, local, peerPort, localPort in
    guard let slot = slot(context) else { return CURL_PREREQFUNC_ABORT }
    let ends = Ends(peer: peer, local: local, peerPort: peerPort, localPort: localPort)
    return slot.mayRequest(ends) ? CURL_PREREQFUNC_OK : CURL_PREREQFUNC_ABORT
}

/// A socket for an address that was resolved.
let onOpenSocket: curl_opensocket_callback = { context, _, address in
    guard let slot = slot(context), let address else { return -1 }
    return slot.openSocket(address)
}

/// A connection is over. The context is what the multi handle knows of its sockets.
let onCloseSocket: curl_closesocket_callback = { context, fd in aigcu_sockets_close(OpaquePointer(context), fd) }

/// The two ends of a connection, as libcurl writes them.
private struct Ends {
    var peer: UnsafePointer<CChar>?
    var local: UnsafePointer<CChar>?
    var peerPort: Int32
    var localPort: Int32
}

extension Slot {
    fileprivate func takeHeader(_ line: UnsafeRawBufferPointer) -> Bool {
        guard stop == nil else { return false }
        lastActivity = loop.now
        switch head.add(line) {
        case .more: return true
        case .tooLarge: return end(.headTooLarge)
        case .malformed: return end(.malformedHead)
        case .complete: return headIsComplete()
        }
    }

    /// The other end had not got the request when it sent this. Of a small request not a byte had arrived; of a large body a
    /// part had not. A refusal by its status is an answer to a large body that is still being sent: libcurl then stops
    /// sending, and half a request is no order. Behind any other answer it sends the rest, which may be carried out.
    private var isStrayAnswer: Bool {
        guard socket >= 0 else { return false }
        if bodyBytes <= Self.smallBody { return aigcu_nothing_arrived(socket, easy, bodyBytes) != 0 }
        return head.status < 300 && aigcu_body_is_under_way(socket, easy, bodyBytes) != 0
    }

    /// Finds out where the answer ends, and whether bytes behind it would be noticed.
    private func setFraming() {
        // Streams of HTTP/2 are told apart by their numbers.
        guard head.version < 20 else { return }
        let coding = head.saysCoding ? headers["transfer-encoding"] : nil
        if head.status == 204 || head.status == 304 || (coding == nil && announced == 0) {
            // libcurl 7.88 reads what follows an answer without a body, drops it and keeps the connection.
            return endConnection()
        }
        guard let coding else { return }
        if sink == nil {
            // libcurl refuses codings that it does not know, and drops the body. What is no clean body in chunks is
            // handed on as it came: PackedBody and the reader of answers make of it what they can.
            let isChunked = ASCIIText.contains(coding, "chunked")
            if isChunked { framing = .chunks(ChunkedBody(takesAll: options.isSubmission)) }
            if !isChunked || coding.utf8.count != 7 || head.version != 11 || announced >= 0 { endConnection() }
            return
        }
        if head.version == 11, announced < 0, coding.utf8.elementsEqual("chunked".utf8) {
            framing = .chunks(ChunkedBody())
        } else {
            leaveFramingToLibrary()
        }
    }

    private func headIsComplete() -> Bool {
        if isStrayAnswer { return end(.strayAnswer) }
        headers = head.takeHeaders()
        announced = Int64(aigcu_info_offset(easy, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T))
        setFraming()
        if let sink {
            return sink.begin(status: head.status, headers: headers) || end(.sink)
        }
        // What comes of the answer to a submission may name the job.
        let isTooLong = announced > Int64(options.maximumReplyBytes)
        guard !isTooLong || options.isSubmission else { return end(.replyTooLarge) }
        // The announcement is not trusted with more than a little memory.
        return announced <= 0 || reserve(Int(min(announced, 256 << 10)))
    }

    fileprivate func takeBody(_ bytes: UnsafeRawBufferPointer) -> Bool {
        guard stop == nil else { return false }
        guard head.isComplete else {
            // libcurl takes what has no head for HTTP/0.9. It may name a job that is paid for.
            if isStrayAnswer { return end(.strayAnswer) }
            guard options.isSubmission, takePiece(bytes) else { return end(.malformedHead) }
            // It comes line by line. Its end may not come: what follows a JSON text in its piece is not waited for.
            return !bytes.contains(UInt8(ascii: "{")) || end(.malformedHead)
        }
        lastActivity = loop.now
        guard case .chunks(var chunks) = framing else { return takePiece(bytes) }
        let (step, isTaken) = chunks.add(bytes) { takePiece($0) }
        framing = .chunks(chunks)
        if step == .excess || step == .malformed { endConnection() }
        return isTaken
    }

    private func takePiece(_ bytes: UnsafeRawBufferPointer) -> Bool {
        let isFirst = received == 0
        received += Int64(bytes.count)
        if let sink { return deliver(bytes, to: sink, isFirst: isFirst) }
        guard bytes.count <= options.maximumReplyBytes - body.count else { return end(.replyTooLarge) }
        let needed = body.count + bytes.count  // safe: at most maximumReplyBytes
        if needed > body.capacity, !reserve(max(needed, body.capacity * 2)) { return false }
        body.append(contentsOf: bytes)
        return true
    }

    /// "Accept-Encoding: identity" is not heeded everywhere: the sink gets an image all the same.
    private func deliver(_ bytes: UnsafeRawBufferPointer, to sink: any BodySink, isFirst: Bool) -> Bool {
        if isFirst, PackedStream.isNeeded(headers) { unpacker = PackedStream(headers) }
        guard let unpacker else { return sink.receive(bytes) || end(.sink) }
        return goesOn(unpacker.add(bytes, sink.receive))
    }

    /// The body has ended: hands on what was kept until it was known whether it is packed. False if the transfer fails by that.
    func finishUnpacking() -> Bool {
        guard let unpacker, let sink else { return true }
        return goesOn(unpacker.finish(sink.receive))
    }

    private func goesOn(_ step: PackedStream.Step) -> Bool {
        switch step {
        case .ok: true
        case .refused: end(.sink)
        case .malformed: end(.malformedBody)
        case .noMemory: end(.noMemory)
        }
    }

    /// Swift ends the process when it gets no memory. What a stranger makes large is asked for beforehand, and as much
    /// again for those who read it.
    private func reserve(_ capacity: Int) -> Bool {
        if capacity > Self.smallBody, aigcu_has_memory(capacity * 2) == 0 { return end(.noMemory) }
        body.reserveCapacity(capacity)
        return true
    }

    fileprivate func mayRequest(_ ends: Ends) -> Bool {
        guard stop == nil else { return false }
        if mustCheckAddresses {
            // A reused connection was opened by another transfer, perhaps without the check.
            let text = ends.peer.map { String(cString: $0) } ?? ""
            guard case .address(let address) = HostLiteral.parse(text), address.isPublic else {
                return end(.addressRefused(text))
            }
        }
        if requestMayHaveLeft, isOnce { return end(.resend) }
        if let problem = lookAtConnection(ends) { return end(.unusable(problem)) }
        if let objection = departure?.objection() { return end(.mayNotLeave(objection)) }
        requestsAllowed += 1
        lastActivity = loop.now
        return true
    }

    /// Why the request must not be sent on the connection that libcurl has chosen.
    private func lookAtConnection(_ ends: Ends) -> Unusable? {
        guard let multi else { return .isUnknown }
        let line = aigcu_line_look(easy, multi.sockets, ends.peer, ends.local, ends.peerPort, ends.localPort)
        guard line.fd >= 0 else { return .isUnknown }
        if line.has_ended != 0, line.has_bytes == 0 { return .hasEnded }
        if line.is_http2 == 1 {
            // It sends what it likes between answers.
            socket = -1
            return nil
        }
        if line.has_bytes != 0 { return .hasBytes }
        if multi.pool == .http2, !multi.hold(line.fd, for: self, isFresh: line.is_fresh != 0) { return .isShared }
        socket = line.fd
        return nil
    }

    fileprivate func openSocket(_ address: UnsafeMutablePointer<curl_sockaddr>) -> curl_socket_t {
        // The request has been sent once: the only use of another connection would be to send it again.
        if requestMayHaveLeft, isOnce {
            stop = .resend
            return -1
        }
        if mustCheckAddresses {
            let bytes = withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 16) { buffer -> IPAddress? in
                guard let start = buffer.baseAddress else { return nil }
                let count = Int(aigcu_address_bytes(address, start))
                return IPAddress(bytes: UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(buffer).prefix(count)))
            }
            guard let bytes, bytes.isPublic else {
                refusedAddress = bytes.map { "\($0)" } ?? "an address of another family"
                return -1
            }
            if lookup != nil {
                lookup?.note(bytes)
                return -1
            }
        }
        let fd = aigcu_socket(address.pointee.family, address.pointee.socktype, address.pointee.protocol)
        if fd < 0 {
            socketError = -fd
            return -1
        }
        hasOpenedSocket = true
        if let multi { aigcu_sockets_add(multi.sockets, fd) }
        return fd
    }

    private func end(_ reason: Stop) -> Bool {
        stop = reason
        return false
    }
}

extension IPAddress: CustomStringConvertible {
    var isV6: Bool {
        if case .v6 = self { return true }
        return false
    }

    var description: String {
        switch self {
        case .v4(let address):
            return "\(address >> 24).\(address >> 16 & 255).\(address >> 8 & 255).\(address & 255)"
        case .v6(let high, let low):
            let groups = [high, low].flatMap { half in
                stride(from: 48, through: 0, by: -16).map { String(half >> UInt64($0) & 0xFFFF, radix: 16) }
            }
            return groups.joined(separator: ":")
        }
    }
}
