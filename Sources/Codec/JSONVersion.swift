internal import CJSON

/// What this process has loaded, for build information and the doctor.
public enum JSONVersion {
    public static var jansson: String { String(cString: aigcj_version()) }
}
