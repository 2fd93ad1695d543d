internal import Core

/// A job that another client drives.
final class MirroredJob: TimerNode {
    let record: JobRecord
    var start: JournalledStart
    var place: JournalPlace
    var follows: Bool
    var hasToldID = false
    let beganAt: Moment

    init(record: JobRecord, start: JournalledStart, place: JournalPlace, beganAt: Moment) {
        self.record = record
        self.start = start
        self.place = place
        self.beganAt = beganAt
        follows = start.follows
        super.init()
    }
}
