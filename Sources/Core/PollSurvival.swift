/// How many jobs of a kind are still open at each age, and what a status call is worth that follows from this.
///
/// A value of 57 classes of ages; inside a class jobs end evenly.
public struct PollSurvival: Equatable, Sendable {
    /// What one look at one job needs: of the class of its age.
    private struct Class: Equatable {
        var lower: Double
        /// The share of jobs that are open at the beginning of the class, and how it falls for each millisecond.
        var open: Double
        var slope: Double
        /// The sum of the open shares, from age 0 to the beginning of the class.
        var area: Double
    }

    private var classes: [Class] = []

    /// - ending: for each class, the share of the jobs that are open at its beginning and end inside it.
    init(ending: [Double]) {
        classes.reserveCapacity(PollAges.count)
        var open = 1.0
        var area = 0.0
        for index in 0..<PollAges.count {
            let (lower, upper) = (PollAges.lower(index), PollAges.upper(index))
            let share = ending.indices.contains(index) ? ending[index] : 0  // safe: checked
            let next = open * (1 - min(max(share, 1e-6), Self.mostInAClass))
            classes.append(Class(lower: lower, open: open, slope: (open - next) / (upper - lower), area: area))
            area += (upper - lower) * (open + next) / 2
            open = next
        }
    }

    /// No class ends all jobs: the share that is open stays far above the smallest number.
    private static let mostInAClass = 0.95

    /// Nobody knows how long such jobs take: whoever waits longest is worth most.
    public static let unknown = PollSurvival(ending: (0..<PollAges.count).map(openEnded))

    /// An age of which nothing is known: a job that has lived so long may live as long again.
    static func openEnded(_ index: Int) -> Double {
        (PollAges.upper(index) - PollAges.lower(index)) / (PollAges.upper(index) + 10_000)
    }

    /// What a status call gains now, compared with a later one, in milliseconds of lag. The job was open at `lookedAt`.
    ///
    /// With the learned share S of open jobs: p is the chance that the job has ended, h the share that ends in a
    /// millisecond, and the lag so far is the mean time since the end. A call is worth most when the job has probably
    /// ended and waiting makes that hardly more certain.
    public func worth(lookedAt: Double, now: Double) -> Double {
        let last = Double(PollAges.end) - 1
        // Beyond all ages only the pause counts.
        guard now < last else { return max(0, now - lookedAt) }
        let (before, beforeArea, _) = at(max(0, lookedAt))
        let (open, area, hazard) = at(max(0, now))
        let left = open / before
        let ended = 1 - left
        guard ended > 0 else { return 0 }
        let lag = (now - lookedAt) - (area - beforeArea) / before
        return ended * ended / (hazard * left) - lag
    }

    private func at(_ age: Double) -> (open: Double, area: Double, hazard: Double) {
        let index = PollAges.index(of: Int64(age))  // safe: from 0 to below the end of all ages
        let here = classes[min(index, classes.count - 1)]  // safe: there are 57 classes
        let inside = age - here.lower
        let open = here.open - here.slope * inside
        return (open, here.area + inside * (here.open + open) / 2, here.slope / open)
    }
}
