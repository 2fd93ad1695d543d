internal import Core

/// Images in a bucket of the caller's own (StoreCosParam): their URLs carry no signature, and they stay.
extension TencentStore {
    /// The provider's own buckets, whose URLs are signed and end.
    private static let ownPrefix = "aigc-output-image-"

    /// Whether an unsigned URL leads into a bucket of the caller's own: to a host that is named in tencent.cos_hosts, or to
    /// a name that COS gives buckets and the provider does not use.
    func keeps(_ url: String) -> Bool {
        if case .store = access(url) { return true }
        guard let place = WebURL(url), place.isSecure else { return false }
        let host = place.host
        let target = Array(place.target.utf8)
        if let mark = target.firstIndex(of: UInt8(ascii: "?")) {
            // Who signs says so in the query.
            guard ASCIIText.range(of: "sign", in: Array(target[mark...])) == nil else { return false }
        }
        let labels = host.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
            .map { String(decoding: $0, as: UTF8.self) }
        guard labels.count == 5, !host.hasPrefix(Self.ownPrefix) else { return false }
        // safe: there are five
        let (bucket, service, domain) = (labels[0], labels[1], labels[3] + "." + labels[4])
        return service.isSame(as: "cos") && (domain.isSame(as: "myqcloud.com") || domain.isSame(as: "tencentcos.cn"))
            && bucket.utf8.contains(UInt8(ascii: "-"))
    }
}
