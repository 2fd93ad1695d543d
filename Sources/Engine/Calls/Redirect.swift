internal import Core

/// The target of an image URL's redirect. Never from https to http, never to another scheme.
enum Redirect {
    static func target(_ location: [UInt8], from url: String) -> String? {
        guard let origin = WebURL(url), let next = origin.resolving(location) else { return nil }
        return next.isSecure || !origin.isSecure ? next.text : nil
    }
}
