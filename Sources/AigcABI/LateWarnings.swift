internal import CPlatform
internal import Engine

/// Warnings about a journal or a file of rates, until there is an engine that hands them out. Any thread.
final class LateWarnings: @unchecked Sendable {
    // Guarded by the process lock.
    private var texts: [String] = []
    private weak var engine: Engine?

    func add(_ text: String) {
        aigcp_process_lock()
        let engine = engine
        if engine == nil { texts.append(text) }
        aigcp_process_unlock()
        engine?.warn(text)
    }

    func tell(_ engine: Engine) {
        aigcp_process_lock()
        self.engine = engine
        let early = texts
        texts = []
        aigcp_process_unlock()
        for text in early { engine.warn(text) }
    }
}
