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

/// The connection stands; the request is sent next. Called again when libcurl is about to send it again.
let onRequest: curl_prereq_callback = { context, peer, _, _, _ in
    guard let slot = slot(context) else { return CURL_PREREQFUNC_ABORT }
    return slot.mayRequest(peer: peer) ? CURL_PREREQFUNC_OK : CURL_PREREQFUNC_ABORT
}

/// A socket for an address that was resolved.
let onOpenSocket: curl_opensocket_callback = { context, _, address in
    guard let slot = slot(context), let address else { return -1 }
    return slot.openSocket(address)
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

    private func headIsComplete() -> Bool {
        headers = head.takeHeaders()
        announced = Int64(aigcu_info_offset(easy, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T))
        if let sink {
            return sink.begin(status: head.status, headers: headers) || end(.sink)
        }
        guard announced <= Int64(options.maximumReplyBytes) else { return end(.replyTooLarge) }
        // The announcement is not trusted with more than a little memory.
        return announced <= 0 || reserve(Int(min(announced, 256 << 10)))
    }

    fileprivate func takeBody(_ bytes: UnsafeRawBufferPointer) -> Bool {
        guard stop == nil else { return false }
        guard head.isComplete else { return end(.malformedHead) }
        lastActivity = loop.now
        received += Int64(bytes.count)
        if let sink { return sink.receive(bytes) || end(.sink) }
        guard bytes.count <= options.maximumReplyBytes - body.count else { return end(.replyTooLarge) }
        let needed = body.count + bytes.count  // safe: at most maximumReplyBytes
        if needed > body.capacity, !reserve(max(needed, body.capacity * 2)) { return false }
        body.append(contentsOf: bytes)
        return true
    }

    /// Swift ends the process when it gets no memory. What a stranger makes large is asked for beforehand, and as much
    /// again for those who read it.
    private func reserve(_ capacity: Int) -> Bool {
        if capacity > Self.smallBody, aigcu_has_memory(capacity * 2) == 0 { return end(.noMemory) }
        body.reserveCapacity(capacity)
        return true
    }

    fileprivate func mayRequest(peer: UnsafePointer<CChar>?) -> Bool {
        guard stop == nil else { return false }
        if mustCheckAddresses {
            // A reused connection was opened by another transfer, perhaps without the check.
            let text = peer.map { String(cString: $0) } ?? ""
            guard case .address(let address) = HostLiteral.parse(text), address.isPublic else {
                return end(.addressRefused(text))
            }
        }
        if requestsAllowed > 0, isOnce { return end(.resend) }
        requestsAllowed += 1
        lastActivity = loop.now
        return true
    }

    fileprivate func openSocket(_ address: UnsafeMutablePointer<curl_sockaddr>) -> curl_socket_t {
        // The request has been sent once: the only use of another connection would be to send it again.
        if requestsAllowed > 0, isOnce {
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
        }
        let fd = aigcu_socket(address.pointee.family, address.pointee.socktype, address.pointee.protocol)
        if fd < 0 {
            socketError = -fd
            return -1
        }
        hasOpenedSocket = true
        return fd
    }

    private var isOnce: Bool { options.isSubmission && shared.resendGuard == .oneRequest }

    private func end(_ reason: Stop) -> Bool {
        stop = reason
        return false
    }
}

extension IPAddress: CustomStringConvertible {
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
