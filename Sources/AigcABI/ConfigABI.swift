public import CAigc
internal import Core

/// A configuration. One thread at a time.
final class ConfigBox: HandleBox {
    var values = ConfigValues()
    var strings = StringPool()
}

@_cdecl("aigc_config_new") @implementation
public func aigc_config_new(
    _ config: UnsafeMutablePointer<OpaquePointer?>?, _ error: UnsafeMutablePointer<OpaquePointer?>?
) -> aigc_status {
    withStatus(error) { () throws(Failure) in
        try needOut(config, "config").pointee = ConfigBox().handedOut()
    }
}

@_cdecl("aigc_config_set") @implementation
public func aigc_config_set(
    _ config: OpaquePointer?, _ key: UnsafePointer<CChar>?, _ value: UnsafePointer<CChar>?,
    _ error: UnsafeMutablePointer<OpaquePointer?>?
) -> aigc_status {
    withStatus(error) { () throws(Failure) in
        let box = try ConfigBox.need(config, "config")
        let key = try text(key, "key")
        if let value, try ConfigKey.find(key).isSecret {
            box.values.set(key, try secret(value, key))
        } else {
            let value = try onBehalf(of: key) { () throws(Failure) in try optionalText(value, "value") }
            try box.values.set(key, value)
        }
    }
}

@_cdecl("aigc_config_get") @implementation
public func aigc_config_get(_ config: OpaquePointer?, _ key: UnsafePointer<CChar>?) -> UnsafePointer<CChar>? {
    inTurn {
        guard let box = ConfigBox.at(config), let key, let name = String(validatingCString: key) else { return nil }
        return box.strings.lend(box.values.shown(name))
    }
}

@_cdecl("aigc_config_describe") @implementation
public func aigc_config_describe(
    _ index: Int, _ key: UnsafeMutablePointer<UnsafePointer<CChar>?>?,
    _ type: UnsafeMutablePointer<UnsafePointer<CChar>?>?, _ default_value: UnsafeMutablePointer<UnsafePointer<CChar>?>?,
    _ text: UnsafeMutablePointer<UnsafePointer<CChar>?>?
) -> aigc_status {
    inTurn {
        guard ConfigKey.all.indices.contains(index) else { return Status.invalidArgument.rawValue }
        let row = ConfigKey.all[index]  // safe: checked above
        key?.pointee = constant(row.name)
        type?.pointee = constant(row.typeName)
        default_value?.pointee = constant(row.fallback)
        text?.pointee = constant(row.text)
        return Status.ok.rawValue
    }
}

@_cdecl("aigc_config_report") @implementation
public func aigc_config_report(
    _ config: OpaquePointer?, _ report: UnsafeMutablePointer<OpaquePointer?>?,
    _ error: UnsafeMutablePointer<OpaquePointer?>?
) -> aigc_status {
    report?.pointee = nil
    return withStatus(error) { () throws(Failure) in
        let out = try needOut(report, "report")
        let configuration = try Composition.configuration(ConfigBox.at(config)?.values ?? ConfigValues())
        out.pointee = try BufferBox(json: configuration.json, doing: "Making a report").handedOut()
    }
}

@_cdecl("aigc_config_free") @implementation
public func aigc_config_free(_ config: OpaquePointer?) { inTurn { ConfigBox.release(config) } }
