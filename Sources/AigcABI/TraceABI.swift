public import CAigc
internal import Core
internal import Engine

@_cdecl("aigc_job_set_trace") @implementation
public func aigc_job_set_trace(
    _ job: OpaquePointer?, _ traceparent: UnsafePointer<CChar>?, _ tracestate: UnsafePointer<CChar>?,
    _ error: UnsafeMutablePointer<OpaquePointer?>?
) -> aigc_status {
    withStatus(error) { () throws(Failure) in
        let job = try JobBox.usable(job)
        let parent = try optionalText(traceparent, "traceparent")
        let state = try optionalText(tracestate, "tracestate")
        guard let parent else {
            guard state == nil else {
                throw Failure(
                    .invalidArgument, "Setting a trace context: there is a tracestate and no traceparent; give both",
                    field: "traceparent")
            }
            return job.client.engine.setTrace(job.record, nil)
        }
        job.client.engine.setTrace(job.record, try TraceContext(parent: parent, state: state ?? ""))
    }
}
