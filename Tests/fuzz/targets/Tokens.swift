import CAssets
import Core
import Providers

/// Job tokens, and the trace of a host. What is read is written as a token that reads the same; a token that its
/// provider accepts leads signed requests to that provider's hosts and to no other.
let tokensTarget = Target(name: "tokens", maximumBytes: 400) { input in
    var input = input
    let repairs = input.choice(2) == 1
    guard var text = input.text else { return }
    if repairs {
        // Nobody guesses a checksum.
        let bytes = Array(text.utf8)
        let sum = String(aigca_crc32(0, bytes, bytes.count), radix: 16)
        text += ":" + String(repeating: "0", count: 8 - sum.utf8.count) + sum
    }
    if let trace = try? TraceContext(parent: text, state: "") {
        let isFine = trace.headers.allSatisfy { $0.value.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F } }
        require(isFine, "a trace that is no header value")
        requireEqual(trace.traceID.utf8.count, 32, "the id of a trace")
    }
    let reference: JobReference
    do throws(Failure) {
        reference = try TokenText.decode(text)
    } catch {
        requirePresentable(error)
        return
    }
    guard let again = TokenText.encode(reference) else {
        // A part may need more room once it is written out.
        return
    }
    requireEqual(try? TokenText.decode(again), reference, "written and read again")
    for provider in clouds { attach(reference, provider) }
}

private let clouds: [any Provider] = [standardAlibaba, standardTencent]

private func attach(_ reference: JobReference, _ provider: any Provider) {
    do throws(Failure) {
        try provider.validate(reference)
    } catch {
        requirePresentable(error)
        return
    }
    requireEqual(reference.provider, provider.name, "whose token it is")
    let call = provider.statusCall(reference)
    requireEqual(call.kind, .status, "what a token leads to")
    do throws(Failure) {
        let request = try provider.sign(
            call, credentials: markedCredentials, unixSeconds: 1_795_252_765,
            nonce: "0123456789abcdef0123456789abcdef")
        requireAtHome(request, provider.name)
    } catch {
        requirePresentable(error)
    }
}
