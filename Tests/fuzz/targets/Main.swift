// A program of all targets. One is chosen by AIGC_FUZZ_TARGET, which child processes of libFuzzer inherit; the
// arguments are libFuzzer's.

import Glibc

private typealias Body = @convention(c) (UnsafePointer<UInt8>?, Int) -> Int32

@_extern(c, "LLVMFuzzerRunDriver")
private func runDriver(
    _ count: UnsafeMutablePointer<Int32>,
    _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?>, _ body: Body
) -> Int32

private let targets: [Target] = [
    answersTarget, base64Target, configTarget, credentialsTarget, datesTarget, headsTarget, imageTarget, jsonTarget,
    profilesTarget, redactionTarget, requestTarget, sidecarTarget, tokensTarget, urlsTarget, selfTest,
]

/// Set once, before the first run.
nonisolated(unsafe) private var chosen = targets[0]

@main
enum Fuzz {
    static func main() {
        guard let name = getenv("AIGC_FUZZ_TARGET").map({ String(cString: $0) }) else {
            for target in targets { print(target.name, target.maximumBytes) }
            return
        }
        guard let target = targets.first(where: { $0.name == name }) else {
            print("fuzz: there is no target \(name)")
            exit(2)
        }
        chosen = target
        var count = CommandLine.argc
        var arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>? = CommandLine.unsafeArgv
        exit(
            runDriver(&count, &arguments) { bytes, count in
                chosen.run(Input(UnsafeRawBufferPointer(start: bytes, count: count)))
                return 0
            })
    }
}
