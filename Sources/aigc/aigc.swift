// The leaf: holds nothing but the link settings of libaigc.so (Package.swift) and its symbol list (exports.map).
internal import AigcABI
