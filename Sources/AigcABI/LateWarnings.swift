internal import CPlatform
internal import Core
internal import Engine

/// Warnings about a journal or a file of rates, until there is an engine that hands them out. Any thread.
final class LateWarnings: @unchecked Sendable {
    // Guarded by the process lock.
    private var warnings: [FolderWarning] = []
    private weak var engine: Engine?

    func add(_ warning: FolderWarning) {
        aigcp_process_lock()
        let engine = engine
        if engine == nil { warnings.append(warning) }
        aigcp_process_unlock()
        engine?.warn(warning)
    }

    func tell(_ engine: Engine) {
        aigcp_process_lock()
        self.engine = engine
        let early = warnings
        warnings = []
        aigcp_process_unlock()
        for warning in early { engine.warn(warning) }
    }
}
