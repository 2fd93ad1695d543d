// What a transfer came to, in the words of the port.

import CCurl
import Core
import Glibc

extension Slot {
    /// The result of a transfer that libcurl has ended.
    func result(_ code: CURLcode) -> TransferResult {
        if code == CURLE_OK, stop == nil {
            guard head.isComplete else {
                if !body.isEmpty { return result(of: .malformedHead) }
                return failed(.cutReply, "the answer ended before its headers did")
            }
            if !finishUnpacking(), let stop { return result(of: stop) }
            if let unpacker, !unpacker.isAtEnd { return failed(.cutReply, "the packed body ended too early") }
            if sink == nil {
                switch PackedBody.read(body, headers, most: options.maximumReplyBytes) {
                case .asItIs: break
                case .unpacked(let bytes): body = bytes
                case .tooLarge: return result(of: .replyTooLarge)
                case .noMemory: return result(of: .noMemory)
                }
            }
            // The slot is cleared next: moving the body out spares a copy.
            var bytes: [UInt8] = []
            swap(&bytes, &body)
            var reply = HTTPReply(status: head.status, headers: headers, body: bytes)
            reply.wasUnpacked = unpacker?.isUsed == true
            return .reply(reply)
        }
        if let stop { return result(of: stop) }
        let kind = self.kind(code)
        return failed(kind, explanation(code, kind))
    }

    /// A limit of ours that has passed.
    func timedOut(isIdle: Bool) -> TransferResult {
        let limit = isIdle ? options.idleTimeoutMilliseconds : options.exchangeTimeoutMilliseconds
        let progress =
            !requestMayHaveLeft
            ? "the request was not sent" : head.isComplete ? "\(received) bytes of the body came" : "no answer came"
        return failed(
            .timeout,
            isIdle ? "no byte moved for \(limit) ms; \(progress)" : "not done within \(limit) ms; \(progress)")
    }

    /// libcurl cannot continue with any transfer.
    func givenUp(_ problem: String) -> TransferResult { failed(.resources, "libcurl cannot continue: \(problem)") }

    private func failed(_ kind: TransferFailure.Kind, _ reason: String) -> TransferResult {
        // The words of a stray answer belong to no call.
        let hasAnswer = options.isSubmission && (head.isComplete || !body.isEmpty) && stop != .strayAnswer
        if hasAnswer {
            switch PackedBody.read(body, headers, most: options.maximumReplyBytes) {
            case .unpacked(let bytes), .tooLarge(let bytes): body = bytes
            case .asItIs, .noMemory: break
            }
        }
        return .failed(
            TransferFailure(
                kind, requestMayHaveLeft: requestMayHaveLeft, detail: Redaction.line("\(place): \(reason)"),
                reply: hasAnswer
                    ? HTTPReply(status: head.status, headers: headers, body: body) : nil))
    }

    /// "host:port (address)", and the proxy without its password.
    private var place: String {
        var text = WebURL(url)?.label ?? "request"
        if let ip = aigcu_info_pointer(easy, CURLINFO_PRIMARY_IP) {
            let address = String(cString: ip.assumingMemoryBound(to: CChar.self))
            if !address.isEmpty, proxy.isEmpty { text += " (\(address))" }
        }
        if !proxy.isEmpty { text += " through the proxy \(withoutUser(proxy))" }
        return text
    }

    private func result(of stop: Stop) -> TransferResult {
        switch stop {
        case .sink: failed(.sink, "the receiver of the body ended the transfer")
        case .replyTooLarge:
            failed(.tooLarge, "the answer is longer than \(options.maximumReplyBytes) bytes")
        case .headTooLarge: failed(.tooLarge, Self.endlessHead)
        case .noMemory: failed(.resources, "no memory for the answer (\(received) bytes of it came)")
        case .malformedBody: failed(.malformedReply, "the body is not packed as its Content-Encoding says")
        case .malformedHead: failed(.malformedReply, "the answer is not HTTP")
        case .resend:
            failed(
                .emptyReply, "the kept-alive connection ended before any answer; the request was not sent again")
        case .cancelled: failed(.cancelled, "cancelled")
        case .addressRefused(let address): failed(.addressRefused, refused(address))
        case .unusable(.hasBytes):
            failed(
                .receive,
                "the server sent bytes before it was asked, also on a new connection; the request was not sent")
        case .unusable(.hasEnded):
            failed(
                .connect,
                "the server ended the connection before it was asked, also a new one; the request was not sent")
        case .unusable(.isUnknown):
            failed(.connect, "libcurl gave a connection that it had not opened; the request was not sent")
        case .unusable(.isShared):
            failed(.connect, "each connection was in use by another transfer; the request was not sent")
        case .mayNotLeave(let objection): failed(.departure, objection)
        case .strayAnswer:
            failed(
                .receive,
                "an answer came that the server had sent before it got the request: it belongs to another request")
        }
    }

    private func refused(_ address: String) -> String {
        "the address \(address) is not public; image URLs may lead to public addresses only"
    }

    private func kind(_ code: CURLcode) -> TransferFailure.Kind {
        switch code {
        // What libcurl 7.88 says to a header line without an end.
        case CURLE_OUT_OF_MEMORY where isEndlessHead: return .tooLarge
        case CURLE_OUT_OF_MEMORY, CURLE_FAILED_INIT, CURLE_NO_CONNECTION_AVAILABLE:
            return .resources
        case CURLE_OPERATION_TIMEDOUT: return .timeout
        case CURLE_FILESIZE_EXCEEDED: return .tooLarge
        default: return requestMayHaveLeft ? kindAfterRequest(code) : kindBeforeRequest(code)
        }
    }

    /// libcurl had no place for the head of an answer, although there is memory for it: one allocation that failed for once
    /// looks the same, but then libcurl had not read as many bytes as it takes for a head.
    private var isEndlessHead: Bool {
        guard requestMayHaveLeft, !head.isComplete, let multi else { return false }
        let received = aigcu_sockets_received(multi.sockets, socket)
        return (received < 0 || received >= Self.longestHead) && aigcu_has_memory(4 << 20) != 0
    }

    /// libcurl's CURL_MAX_HTTP_HEADER.
    private static let longestHead = 100 << 10

    private func kindBeforeRequest(_ code: CURLcode) -> TransferFailure.Kind {
        switch code {
        case CURLE_URL_MALFORMAT, CURLE_UNSUPPORTED_PROTOCOL, CURLE_LOGIN_DENIED: return .badURL
        case CURLE_COULDNT_RESOLVE_HOST:
            return isOutOfDescriptors || library.contains(anyOf: ["failed to start"]) ? .resources : .resolve
        case CURLE_COULDNT_RESOLVE_PROXY, CURLE_PROXY: return isOutOfDescriptors ? .resources : .proxy
        case CURLE_SSL_CACERT_BADFILE: return isOutOfDescriptors ? .resources : .tls
        case CURLE_SSL_CONNECT_ERROR, CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CERTPROBLEM, CURLE_SSL_CIPHER,
            CURLE_SSL_ISSUER_ERROR, CURLE_SSL_CRL_BADFILE, CURLE_SSL_PINNEDPUBKEYNOTMATCH,
            CURLE_SSL_INVALIDCERTSTATUS, CURLE_SSL_CLIENTCERT, CURLE_USE_SSL_FAILED, CURLE_SSL_ENGINE_NOTFOUND,
            CURLE_SSL_ENGINE_SETFAILED, CURLE_SSL_ENGINE_INITFAILED:
            return .tls
        case CURLE_COULDNT_CONNECT:
            if refusedAddress != nil, !hasOpenedSocket { return .addressRefused }
            if [EMFILE, ENFILE, ENOBUFS, ENOMEM].contains(socketError) || isOutOfDescriptors { return .resources }
            return proxy.isEmpty ? .connect : .proxy
        default: return proxy.isEmpty ? .connect : .proxy
        }
    }

    private func kindAfterRequest(_ code: CURLcode) -> TransferFailure.Kind {
        let hasAnswer = aigcu_info_long(easy, CURLINFO_HEADER_SIZE) > 0 || head.status != 0
        switch code {
        case CURLE_GOT_NOTHING: return .emptyReply
        case CURLE_PARTIAL_FILE: return .cutReply
        case CURLE_WEIRD_SERVER_REPLY, CURLE_UNSUPPORTED_PROTOCOL, CURLE_BAD_CONTENT_ENCODING, CURLE_HTTP2,
            CURLE_HTTP2_STREAM, CURLE_URL_MALFORMAT, CURLE_BAD_FUNCTION_ARGUMENT:
            return .malformedReply
        case CURLE_SEND_ERROR, CURLE_SEND_FAIL_REWIND: return .send
        case CURLE_RECV_ERROR:
            let text = library
            if text.contains(anyOf: [Self.longHead]) { return .tooLarge }
            if text.contains(anyOf: ["chunk", "hexadecimal"]) { return .malformedReply }
            if hasAnswer { return .cutReply }
            // TLS without close_notify, where plain HTTP would be an empty reply.
            return text.contains(anyOf: ["unexpected eof", "errno 0"]) ? .emptyReply : .receive
        default:
            // A second connection (for a read) that failed: what it failed of is the better word.
            let second = kindBeforeRequest(code)
            return second == .badURL ? .malformedReply : second == .connect && hasAnswer ? .receive : second
        }
    }

    private static let longHead = "Too large response headers"
    private static let endlessHead =
        "the headers have more than \(ReplyHead.maximumBytes) bytes or \(ReplyHead.maximumLines) lines"

    private func explanation(_ code: CURLcode, _ kind: TransferFailure.Kind) -> String {
        switch kind {
        case .addressRefused: return refused(refusedAddress ?? "")
        case .tooLarge where code == CURLE_OUT_OF_MEMORY || code == CURLE_RECV_ERROR: return Self.endlessHead
        case .badURL: return "not a URL that can be fetched: http or https, a host, no user, no blanks"
        case .resources where socketError != 0 || isOutOfDescriptors:
            return "no socket could be opened: descriptors or memory are exhausted (ulimit -n)"
        case .proxy:
            let answer = aigcu_info_long(easy, CURLINFO_HTTP_CONNECTCODE)
            return answer >= 300 ? "the proxy answered \(answer) to CONNECT" : library(code)
        case .tls where code == CURLE_SSL_CACERT_BADFILE:
            return "the CA file or directory is not usable (\(library(code))): name a PEM file of authorities"
        default: return library(code)
        }
    }

    private var isOutOfDescriptors: Bool { aigcu_descriptors_exhausted() != 0 }

    /// What libcurl wrote on this transfer.
    private var library: String { String(cString: errorText) }

    private func library(_ code: CURLcode) -> String {
        let text = library
        if !text.isEmpty { return text }
        return curl_easy_strerror(code).map { String(cString: $0) } ?? "error \(code.rawValue)"
    }
}

/// A proxy's address without user and password.
func withoutUser(_ proxy: String) -> String {
    guard let at = proxy.lastIndex(of: "@") else { return Redaction.line(proxy) }
    return Redaction.line(String(proxy[proxy.index(after: at)...]))
}

extension String {
    fileprivate func contains(anyOf words: [String]) -> Bool {
        let bytes = Array(utf8)
        return words.contains { word in
            let wanted = Array(word.utf8)
            guard wanted.count <= bytes.count else { return false }
            return (0...bytes.count - wanted.count).contains { bytes[$0..<$0 + wanted.count].elementsEqual(wanted) }
        }
    }
}
