internal import Glibc

/// Marks lines that run only in a turn of their engine, on the thread of that turn. A debug build stops at a line that runs
/// elsewhere; in a release build nothing is left of the mark.
final class TurnMark {
    #if DEBUG
        private var thread: pthread_t?
    #endif

    @inline(__always)
    func begin() {
        #if DEBUG
            precondition(thread == nil, "a turn begins while another one runs")  // safe: debug builds only
            thread = pthread_self()
        #endif
    }

    @inline(__always)
    func end() {
        #if DEBUG
            expect()
            thread = nil
        #endif
    }

    @inline(__always)
    func expect(_ file: StaticString = #fileID, _ line: UInt = #line) {
        #if DEBUG
            precondition(  // safe: debug builds only
                thread.map { pthread_equal($0, pthread_self()) != 0 } ?? false, "this line runs only in a turn",
                file: file, line: line)
        #endif
    }
}
