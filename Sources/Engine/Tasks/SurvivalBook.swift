internal import Core

/// What status calls are worth, by kind of job: for the lines of status calls. Engine thread only.
final class SurvivalBook {
    /// The first one is of kinds of which nothing is known.
    private(set) var survivals = [PollSurvival.unknown]

    /// The place of a kind; `place` is its earlier place, if it has one.
    func put(_ survival: PollSurvival, at place: Int32) -> Int32 {
        if place > 0, survivals.indices.contains(Int(place)) {
            survivals[Int(place)] = survival  // safe: checked
            return place
        }
        survivals.append(survival)
        return Int32(clamping: survivals.count - 1)
    }
}
