internal import CCrypto

/// What this process has loaded, for build information and the doctor.
public enum CryptoVersion {
    public static var openssl: String { String(cString: aigcc_version()) }
}
