public import CAigc
internal import Core

extension Status {
    var entry: (name: StaticString, text: StaticString) {
        switch self {
        // generated: statuses (Tests/tools/generate.py)
        case .ok: ("AIGC_OK", "The call succeeded.")
        case .invalidArgument:
            ("AIGC_E_INVALID_ARGUMENT", "The call was wrong: fix the argument that the message names.")
        case .wrongState:
            (
                "AIGC_E_WRONG_STATE",
                "The call is right but comes at the wrong time: wait for the state that the call needs."
            )
        case .forked:
            (
                "AIGC_E_FORKED",
                "The handle belongs to the parent process: free the handle, and create a client in this process."
            )
        case .closed: ("AIGC_E_CLOSED", "The client has been closed: create a new client and attach the token.")
        case .keyConflict:
            (
                "AIGC_E_KEY_CONFLICT",
                "The journal has another request under this key: choose another key for this request."
            )
        case .timeout: ("AIGC_E_TIMEOUT", "The wait ended before the job ended: the job keeps running, so wait again.")
        case .cancelled:
            (
                "AIGC_E_CANCELLED",
                "A cancel or a close ended the job in this process: the token of an accepted job attaches the job again."
            )
        case .deadline:
            ("AIGC_E_DEADLINE", "The job's deadline passed: the token of an accepted job attaches the job again.")
        case .network: ("AIGC_E_NETWORK", "The network failed: check host, proxy and connection, then try again.")
        case .tls:
            ("AIGC_E_TLS", "There is no trusted TLS connection: check the CA bundle, the clock and proxies in between.")
        case .addressRefused:
            (
                "AIGC_E_ADDRESS_REFUSED",
                "An image URL leads to a private address: the library refuses such addresses by default."
            )
        case .badResponse:
            (
                "AIGC_E_BAD_RESPONSE",
                "The answer does not have the form of this provider's answers: look for a proxy, then try again."
            )
        case .noCredentials:
            ("AIGC_E_NO_CREDENTIALS", "No credentials were found: set one of the sources that the message lists.")
        case .auth: ("AIGC_E_AUTH", "The provider refused the key, the signature or the token: check the credentials.")
        case .permission:
            ("AIGC_E_PERMISSION", "The key has no right to do this: grant the right to the user or role of the key.")
        case .billing:
            (
                "AIGC_E_BILLING",
                "A bill, a quota or an inactive service stops the call: settle this in the provider's console."
            )
        case .throttled: ("AIGC_E_THROTTLED", "Too many requests: slow down and try again after the given time.")
        case .clock: ("AIGC_E_CLOCK", "The clock of this machine is wrong: set the clock.")
        case .requestRefused:
            ("AIGC_E_REQUEST_REFUSED", "The provider refused a parameter: fix the parameter and submit a new job.")
        case .contentRefused:
            (
                "AIGC_E_CONTENT_REFUSED",
                "The provider's moderation refused the prompt or an image: change the prompt or the image, and submit a new job."
            )
        case .notFound:
            (
                "AIGC_E_NOT_FOUND",
                "The provider does not know the job or the image: check the id, the region and the account."
            )
        case .jobFailed: ("AIGC_E_JOB_FAILED", "The job ran and failed: you may submit a new job.")
        case .provider: ("AIGC_E_PROVIDER", "The provider reports an internal error: try again later.")
        case .outcomeUnknown:
            (
                "AIGC_E_OUTCOME_UNKNOWN",
                "The submission may run and be billed: look at the provider's console before you submit a new job."
            )
        case .expired: ("AIGC_E_EXPIRED", "The image has expired at the provider: you cannot fetch the image any more.")
        case .notAnImage: ("AIGC_E_NOT_AN_IMAGE", "The received bytes are not an image: nothing was written.")
        case .corrupt:
            ("AIGC_E_CORRUPT", "The length, the end marker or the checksum of the image is wrong, also after retries.")
        case .tooLarge:
            (
                "AIGC_E_TOO_LARGE",
                "An image or an answer is larger than the limit: raise download.max_bytes or http.max_reply_bytes."
            )
        case .file: ("AIGC_E_FILE", "The file system refused an operation: the message names the path and the reason.")
        case .fileExists:
            ("AIGC_E_FILE_EXISTS", "A file with this name exists: choose another name or set download.overwrite.")
        case .noSpace: ("AIGC_E_NO_SPACE", "The disk or the quota is full: make room and download again.")
        case .noResources: ("AIGC_E_NO_RESOURCES", "Memory, threads or descriptors are exhausted: free some of them.")
        case .journal:
            (
                "AIGC_E_JOURNAL",
                "The journal cannot be opened, read or written: this call sent nothing; see the message."
            )
        case .internal: ("AIGC_E_INTERNAL", "This is a fault in the library: please report it.")
        // end of generated
        }
    }
}

extension JobState {
    var name: StaticString {
        switch self {
        case .queued: "AIGC_STATE_QUEUED"
        case .submitting: "AIGC_STATE_SUBMITTING"
        case .pending: "AIGC_STATE_PENDING"
        case .running: "AIGC_STATE_RUNNING"
        case .succeeded: "AIGC_STATE_SUCCEEDED"
        case .failed: "AIGC_STATE_FAILED"
        case .cancelled: "AIGC_STATE_CANCELLED"
        case .unknown: "AIGC_STATE_UNKNOWN"
        }
    }
}

@_cdecl("aigc_status_name") @implementation
public func aigc_status_name(_ status: aigc_status) -> UnsafePointer<CChar>? {
    inTurn { constant(Status(rawValue: status)?.entry.name ?? "AIGC_E_?") }
}

@_cdecl("aigc_status_text") @implementation
public func aigc_status_text(_ status: aigc_status) -> UnsafePointer<CChar>? {
    inTurn {
        constant(Status(rawValue: status)?.entry.text ?? "A code that this version of the library does not know.")
    }
}

@_cdecl("aigc_status_at") @implementation
public func aigc_status_at(_ index: Int, _ status: UnsafeMutablePointer<aigc_status>?) -> aigc_status {
    inTurn {
        let all = Status.allCases
        guard let status, all.indices.contains(index) else { return Status.invalidArgument.rawValue }
        status.pointee = all[index].rawValue  // safe: checked above
        return Status.ok.rawValue
    }
}

@_cdecl("aigc_state_name") @implementation
public func aigc_state_name(_ state: Int32) -> UnsafePointer<CChar>? {
    inTurn { constant(state == 0 ? "AIGC_STATE_NONE" : JobState(rawValue: state)?.name ?? "AIGC_STATE_?") }
}
