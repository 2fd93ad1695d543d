internal import CCurl

/// What this process has loaded, for build information and the doctor. Any thread.
public enum CurlVersion {
    public static var curl: String { field { $0.version } }
    /// Such as "OpenSSL/3.0.15".
    public static var tls: String { field { $0.ssl_version } }

    private static func field(_ pick: (curl_version_info_data) -> UnsafePointer<CChar>?) -> String {
        guard let info = aigcu_version(), let text = pick(info.pointee) else { return "unknown" }
        return String(cString: text)
    }
}
