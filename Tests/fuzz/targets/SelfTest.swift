import CAssets

/// Not a parser: what run.sh must find, so that the silence of the others means something. To "trap" lead bytes of
/// which coverage tells one after the other; the C part reads beyond memory; Swift traps without a word.
let selfTest = Target(name: "self-test", maximumBytes: 16) { input in
    let bytes = input.bytes
    var depth = 0
    for wanted in "trap".utf8 where depth < bytes.count && bytes[depth] == wanted { depth += 1 }
    require(depth < 4, "the planted bug")
    if bytes.elementsEqual("overread".utf8) {
        let memory = UnsafeMutablePointer<UInt8>.allocate(capacity: 32)
        memory.initialize(repeating: 0, count: 32)
        _ = aigca_crc32(0, memory, 33)
        memory.deallocate()
    }
    if bytes.elementsEqual("overflow".utf8) { require(bytes.reduce(UInt8(0), +) > 0, "a sum of nothing") }
}
