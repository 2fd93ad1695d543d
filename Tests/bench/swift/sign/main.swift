// Signatures of status calls, one after another. usage: sign COUNT
import Core
import Glibc
import Signing

func seconds(_ clock: clockid_t) -> Double {
    var time = timespec()
    clock_gettime(clock, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
}

func hex(_ number: Int) -> String {
    let digits = String(number, radix: 16)
    return String(repeating: "0", count: max(0, 32 - digits.utf8.count)) + digits
}

let count = CommandLine.arguments.dropFirst().first.flatMap { Int($0) } ?? 100_000
let credentials = Credentials(
    id: "AKIDbenchbenchbenchbenchbenchbench12", secret: Secret("benchkeybenchkeybenchkeybenchkey"))
let cache = TC3KeyCache()
let bodies = (0..<64).map { Array("{\"TaskId\":\"4-AigcImage-\(hex($0))\"}".utf8) }
var sum = 0
let start = seconds(CLOCK_MONOTONIC)
let cpu = seconds(CLOCK_PROCESS_CPUTIME_ID)
for index in 0..<count {
    let headers = try TC3.sign(
        host: "mps.tencentcloudapi.com", action: "DescribeAigcImageTask", version: "2019-06-12", language: "en-US",
        body: bodies[index & 63], credentials: credentials, unixSeconds: 1_700_000_000 + Int64(index / 1_000),
        cache: cache)
    sum += headers.count
}
let used = seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu
print("{\"calls\":\(count),\"seconds\":\(seconds(CLOCK_MONOTONIC) - start),\"cpu\":\(used),\"headers\":\(sum)}")
