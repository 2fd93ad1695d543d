import CAssets
import Core

@testable import Assets

/// What lies beside a .part file. Only what was written so is believed, and no part is believed that its image could
/// not begin with.
let sidecarTarget = Target(name: "sidecar", maximumBytes: 2_048) { input in
    var input = input
    let repairs = input.choice(2) == 1
    let seed = input.choice(256)
    var text = input.part()
    let file = input.bytes
    if repairs { text += Array("\(aigca_crc64(0, text, text.count))\n".utf8) }
    guard let note = ResumeNote(text) else { return }
    requireEqual(note.encoded(), text, "written again")
    require(AnswerHead.isValidator(note.validator) && note.total >= -1, "a note that no server stands for")

    let options = Assets.Options(mode: .url, identity: "a#0", maximumBytes: 1 << 16)
    let receiver = Receiver(options: options, store: MemoryStore(maximumBytes: 1 << 16), identity: note.identity)
    receiver.boot = input.choice(2) == 0 ? note.boot : "another"
    var cuts = Cuts(seed, longest: 300)
    let taken = receiver.restore(note, size: Int64(file.count)) { offset, space in
        let count = min(cuts.next(), space.count, file.count - Int(offset))
        file[Int(offset)...].prefix(count).withUnsafeBytes { space.copyMemory(from: $0) }
        return count
    }
    require(taken >= 0 && taken <= file.count && taken <= 1 << 16, "more was taken than there is")
    guard taken > 0 else { return }
    requireEqual(receiver.resumeOffset, taken, "what is asked for")
    require(note.total < 0 || taken < note.total, "nothing is left to ask for")
    require(receiver.boot == note.boot || note.crc64 != nil, "a part that may have holes")
}
