// swift-tools-version: 6.2
import PackageDescription

// Two release builds from two folders give the same bytes: every path that is recorded starts at the package, and what
// holds a name of the build machine's module cache, or a hash of one, is left out.
let here = Context.packageDirectory
let anywhere: [CSetting] = [.unsafeFlags(["-ffile-prefix-map=\(here)=."], .when(configuration: .release))]

/// Where Tests/sanitizers/build.sh found the runtime of libFuzzer: then a program that feeds the parsers is one of the
/// products, and everything counts which code was reached.
let fuzzer = Context.environment["AIGC_FUZZER_RUNTIME"]

/// Two accesses to one variable that overlap are a fault of ours that no foreign data can cause. The tests and the
/// sanitizers look for them at run time; the library does not: the looking is 4 % of a call.
let unchecked = ["-enforce-exclusivity=unchecked"]

let strict: [SwiftSetting] = [
    .unsafeFlags(
        [
            "-file-prefix-map", "\(here)=.",
            "-Xfrontend", "-no-clang-module-breadcrumbs",
            "-Xfrontend", "-disable-incremental-llvm-codegen",
            // Each function in a section of its own: the linker drops what nobody calls and keeps one of equal ones.
            "-Xfrontend", "-function-sections",
        ] + (fuzzer == nil ? unchecked : []), .when(configuration: .release)),
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .treatAllWarnings(as: .error),
]

/// The library without Swift's regex engine: one `text.contains("x")` would bring 1.3 MB of it.
let lean: [SwiftSetting] = [
    .unsafeFlags(["-Xfrontend", "-disable-implicit-string-processing-module-import"])
]

/// What waits for a disk, a file or a process, or only hands on, gains nothing from code that is large and fast.
let small: [SwiftSetting] = [.unsafeFlags(["-Osize"], .when(configuration: .release))]

let coverage = "edge,inline-8bit-counters,pc-table,trace-cmp"
let counted: [SwiftSetting] =
    fuzzer == nil ? [] : [.unsafeFlags(["-sanitize-coverage=\(coverage)", "-enable-testing"])]
let countedC: [CSetting] =
    fuzzer == nil
    ? []
    : [.unsafeFlags(["-fsanitize=undefined", "-fno-sanitize-recover=undefined", "-fsanitize-coverage=\(coverage)"])]

func core(_ name: String, _ dependencies: [Target.Dependency] = [], isSmall: Bool = false) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: strict + lean + counted + (isSmall ? small : []))
}

func tests(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .testTarget(
        name: name, dependencies: dependencies + ["Core", "Support"], path: "Tests/\(name)",
        exclude: [], resources: [], swiftSettings: strict)
}

let package = Package(
    name: "libaigc",
    products: [.library(name: "aigc", type: .dynamic, targets: ["aigc"])],
    targets: [
        // The only C: shims for variadic or macro APIs that Swift cannot call.
        .target(name: "CPlatform", cSettings: anywhere + countedC),
        .target(name: "CCurl", cSettings: anywhere + countedC, linkerSettings: [.linkedLibrary("curl")]),
        .target(name: "CCrypto", cSettings: anywhere + countedC, linkerSettings: [.linkedLibrary("crypto")]),
        .target(name: "CJSON", cSettings: anywhere + countedC, linkerSettings: [.linkedLibrary("jansson")]),
        .target(name: "CSQLite", cSettings: anywhere + countedC),
        .systemLibrary(name: "CAigc", path: "include"),

        core("Core"),
        core("Codec", ["Core", "CJSON"]),
        core("Signing", ["Core", "Codec", "CCrypto"]),
        core("Assets", ["Core", "Codec", "CCrypto"]),
        core("Credentials", ["Core", "Codec", "Signing"], isSmall: true),
        core("Providers", ["Core", "Codec", "Signing"]),
        core("Engine", ["Core", "CPlatform"]),
        core("Journal", ["Core", "CPlatform", "CSQLite"], isSmall: true),
        core("CurlTransport", ["Core", "CCurl", "CPlatform"]),
        core(
            "AigcABI",
            [
                "Core", "Engine", "CurlTransport", "Assets", "Credentials", "Providers", "Signing", "Codec",
                "Journal", "CAigc", "CPlatform",
            ], isSmall: true),
        .target(
            name: "aigc", dependencies: ["AigcABI"], exclude: ["exports.map"], swiftSettings: strict,
            linkerSettings: [
                .unsafeFlags([
                    "-static-stdlib",
                    "-use-ld=lld",
                    "-Xlinker", "-soname=libaigc.so.1",
                    "-Xlinker", "--version-script=Sources/aigc/exports.map",
                    "-Xlinker", "--undefined-version",
                    "-Xlinker", "--gc-sections",
                    // Sources/CPlatform/unicode_names.c says why.
                    "-Xlinker", "--wrap=_swift_stdlib_getScalarName",
                    // Sources/CPlatform/swift_environment.c says why.
                    "-Xlinker", "--wrap=_ZN5swift7runtime11environment10initializeEPv",
                    "-Xlinker", "--wrap=_swift_installCrashHandler",
                    "-Xlinker", "--icf=all",
                    "-Xlinker", "-z", "-Xlinker", "nodelete",
                    "-Xlinker", "-z", "-Xlinker", "now",
                    "-Xlinker", "-z", "-Xlinker", "relro",
                    // A sanitizer's runtime is in the program, and not here.
                    "-Xlinker", "-z", "-Xlinker", Context.environment["AIGC_SANITIZED"] == nil ? "defs" : "undefs",
                ])
            ]),

        .target(name: "Support", dependencies: ["Core", "CPlatform"], path: "Tests/Support", swiftSettings: strict),
        tests("CoreTests", []),
        tests("CodecTests", ["Codec"]),
        tests("SigningTests", ["Signing", "Codec"]),
        tests("AssetsTests", ["Assets"]),
        tests("CredentialsTests", ["Credentials", "Codec", "Signing"]),
        tests("ProvidersTests", ["Providers", "Codec"]),
        tests("EngineTests", ["Engine", "CPlatform"]),
        tests("JournalTests", ["Journal", "CPlatform"]),
        tests("CurlTransportTests", ["CurlTransport"]),
        tests("AigcABITests", ["AigcABI", "Credentials", "Engine"]),
    ]
)

if let fuzzer {
    package.targets.append(
        .executableTarget(
            name: "fuzz",
            dependencies: [
                "AigcABI", "Assets", "CAigc", "CCrypto", "CCurl", "Codec", "Core", "Credentials", "CurlTransport",
                "Engine", "Providers", "Signing",
            ],
            path: "Tests/fuzz/targets", swiftSettings: strict + counted + [.enableExperimentalFeature("Extern")],
            linkerSettings: [.unsafeFlags(["-use-ld=lld", fuzzer, "-lstdc++"])]))
}
