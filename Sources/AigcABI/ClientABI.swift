public import CAigc
internal import CPlatform
internal import Core
internal import Engine
internal import Providers

@_cdecl("aigc_client_new") @implementation
public func aigc_client_new(
    _ config: OpaquePointer?, _ client: UnsafeMutablePointer<OpaquePointer?>?,
    _ error: UnsafeMutablePointer<OpaquePointer?>?
) -> aigc_status {
    client?.pointee = nil
    return withStatus(error) { () throws(Failure) in
        let out = try needOut(client, "client")
        let values = ConfigBox.at(config)?.values ?? ConfigValues()
        out.pointee = ClientBox(try Composition.client(values)).handedOut()
    }
}

@_cdecl("aigc_client_close") @implementation
public func aigc_client_close(_ client: OpaquePointer?, _ grace_ms: Int64) {
    inTurn {
        guard let box = ClientBox.at(client), !box.client.isForeign else { return }
        box.client.close(graceMilliseconds: grace_ms)
    }
}

@_cdecl("aigc_client_free") @implementation
public func aigc_client_free(_ client: OpaquePointer?) {
    inTurn {
        // A forked child forgets: to end the engine here would write into the parent's connections.
        guard let box = ClientBox.at(client), !box.client.isForeign else { return }
        box.client.close(graceMilliseconds: box.client.closeGraceMilliseconds)
        ClientBox.release(client)
    }
}

@_cdecl("aigc_client_set_credentials") @implementation
public func aigc_client_set_credentials(
    _ client: OpaquePointer?, _ provider: UnsafePointer<CChar>?, _ id: UnsafePointer<CChar>?,
    _ secret: UnsafePointer<CChar>?, _ token: UnsafePointer<CChar>?, _ expires_at_ms: Int64,
    _ error: UnsafeMutablePointer<OpaquePointer?>?
) -> aigc_status {
    withStatus(error) { () throws(Failure) in
        let client = try ClientBox.usable(client)
        let provider = try text(provider, "provider")
        _ = try Catalogue.table(provider)
        let id = try text(id, "id")
        let secret = try AigcABI.secret(secret, "secret")
        if let fault = KeyText.fault(id) {
            throw Failure(.invalidArgument, "Argument \"id\" \(fault)", field: "id")
        }
        guard !id.isEmpty else { throw Failure(.invalidArgument, "Argument \"id\" is empty", field: "id") }
        guard !secret.isEmpty else { throw Failure(.invalidArgument, "Argument \"secret\" is empty", field: "secret") }
        guard expires_at_ms >= 0 else {
            throw Failure(
                .invalidArgument, "Argument \"expires_at_ms\" is negative; give Unix milliseconds, or 0 for never",
                field: "expires_at_ms")
        }
        var session: Secret?
        if let token {
            let given = try AigcABI.secret(token, "token")
            if !given.isEmpty { session = given }
        }
        let credentials = Credentials(
            id: id, secret: secret, token: session, expiresAtMilliseconds: expires_at_ms,
            source: session == nil ? "static_ak" : "static_sts")
        client.secrets.add(credentials)
        try client.engine.setCredentials(credentials, provider: provider)
    }
}

@_cdecl("aigc_client_submit") @implementation
public func aigc_client_submit(
    _ client: OpaquePointer?, _ request: OpaquePointer?, _ job: UnsafeMutablePointer<OpaquePointer?>?,
    _ error: UnsafeMutablePointer<OpaquePointer?>?
) -> aigc_status {
    job?.pointee = nil
    return withStatus(error) { () throws(Failure) in
        let client = try ClientBox.usable(client)
        let request = try RequestBox.need(request, "request")
        let out = try needOut(job, "job")
        let provider = try client.need(request.provider)
        let call: ProviderCall
        var digest: [UInt8] = []
        do throws(Failure) {
            let fields = client.defaults.added(to: request.fields, request.provider, request.operation)
            call = try provider.submission(operation: request.operation, fields: fields)
            if client.engine.hasJournal {
                let unsigned = try fields.unsigned().map { fields throws(Failure) in
                    try provider.submission(operation: request.operation, fields: fields)
                }
                digest = try (unsigned ?? call).digest()
            }
        } catch {
            var failure = client.defaults.explained(error, request.fields, request.provider, request.operation)
            failure.outcome = .notSent
            throw failure
        }
        let follows = request.follows ?? client.follows
        let deadline = request.deadlineMilliseconds ?? client.deadlineMilliseconds
        let record: JobRecord
        if client.engine.hasJournal || request.key != nil || request.isHeld {
            let order = SubmissionOrder(
                key: request.key, isHeld: request.isHeld, digest: digest,
                request: client.keepsRequests ? call.body : nil)
            record = try client.engine.submit(
                call, operation: request.operation, order: order, follow: follows, deadlineMilliseconds: deadline,
                trace: try request.trace())
        } else {
            record = try client.engine.submit(
                call, operation: request.operation, follow: follows, deadlineMilliseconds: deadline,
                trace: try request.trace())
        }
        out.pointee = JobBox(client, record).handedOut()
    }
}

@_cdecl("aigc_client_attach") @implementation
public func aigc_client_attach(
    _ client: OpaquePointer?, _ token: UnsafePointer<CChar>?, _ follow: Int32,
    _ job: UnsafeMutablePointer<OpaquePointer?>?, _ error: UnsafeMutablePointer<OpaquePointer?>?
) -> aigc_status {
    job?.pointee = nil
    return withStatus(error) { () throws(Failure) in
        let client = try ClientBox.usable(client)
        let out = try needOut(job, "job")
        let reference = try TokenText.decode(try text(token, "token"))
        out.pointee = try client.attach(reference, follow: follow != 0).handedOut()
    }
}

@_cdecl("aigc_client_attach_id") @implementation
public func aigc_client_attach_id(
    _ client: OpaquePointer?, _ provider: UnsafePointer<CChar>?, _ operation: UnsafePointer<CChar>?,
    _ remote_id: UnsafePointer<CChar>?, _ follow: Int32, _ job: UnsafeMutablePointer<OpaquePointer?>?,
    _ error: UnsafeMutablePointer<OpaquePointer?>?
) -> aigc_status {
    job?.pointee = nil
    return withStatus(error) { () throws(Failure) in
        let client = try ClientBox.usable(client)
        let out = try needOut(job, "job")
        let provider = try client.need(try text(provider, "provider"))
        let operation = try text(operation, "operation")
        let described = try Catalogue.table(provider.name).operation(operation)
        guard described.kind == .submit else {
            throw Failure(
                .invalidArgument,
                "Attaching a job: \"\(operation)\" is an operation that fetches an image, not a job's",
                field: "operation")
        }
        let reference = provider.reference(operation: operation, remoteID: try text(remote_id, "remote_id"))
        out.pointee = try client.attach(reference, follow: follow != 0).handedOut()
    }
}

@_cdecl("aigc_client_fetch") @implementation
public func aigc_client_fetch(
    _ client: OpaquePointer?, _ request: OpaquePointer?, _ path: UnsafePointer<CChar>?,
    _ download: UnsafeMutablePointer<OpaquePointer?>?, _ error: UnsafeMutablePointer<OpaquePointer?>?
) -> aigc_status {
    download?.pointee = nil
    return withStatus(error) { () throws(Failure) in
        let client = try ClientBox.usable(client)
        let request = try RequestBox.need(request, "request")
        let out = try needOut(download, "download")
        let provider = try client.need(request.provider)
        let fields = client.defaults.added(to: request.fields, request.provider, request.operation)
        let access = try provider.fetch(operation: request.operation, fields: fields)
        let record = try client.engine.fetch(
            access, provider: provider.name, operation: request.operation, identity: access.object,
            path: try optionalText(path, "path"), trace: try request.trace())
        out.pointee = JobBox(client, record).handedOut()
    }
}

@_cdecl("aigc_client_call") @implementation
public func aigc_client_call(
    _ client: OpaquePointer?, _ provider: UnsafePointer<CChar>?, _ action: UnsafePointer<CChar>?,
    _ json: UnsafePointer<CChar>?, _ reads: Int32, _ job: UnsafeMutablePointer<OpaquePointer?>?,
    _ error: UnsafeMutablePointer<OpaquePointer?>?
) -> aigc_status {
    job?.pointee = nil
    return withStatus(error) { () throws(Failure) in
        let client = try ClientBox.usable(client)
        let out = try needOut(job, "job")
        let call: ProviderCall
        do throws(Failure) {
            let provider = try client.need(try text(provider, "provider"))
            let action = try text(action, "action")
            let json = try optionalText(json, "json").map { Array($0.utf8) }
            call = try provider.call(action: action, json: json, reads: reads != 0)
        } catch var failure {
            if reads == 0 { failure.outcome = .notSent }
            throw failure
        }
        let record = try client.engine.call(call, deadlineMilliseconds: client.deadlineMilliseconds)
        out.pointee = JobBox(client, record).handedOut()
    }
}

@_cdecl("aigc_client_event_fd") @implementation
public func aigc_client_event_fd(_ client: OpaquePointer?) -> Int32 {
    inTurn {
        guard let box = ClientBox.at(client), !box.client.isForeign else { return -1 }
        return box.client.engine.eventDescriptor()
    }
}

@_cdecl("aigc_client_next_event") @implementation
public func aigc_client_next_event(
    _ client: OpaquePointer?, _ timeout_ms: Int64, _ event: UnsafeMutablePointer<OpaquePointer?>?,
    _ error: UnsafeMutablePointer<OpaquePointer?>?
) -> aigc_status {
    event?.pointee = nil
    return withStatus(error) { () throws(Failure) in
        let client = try ClientBox.usable(client)
        let out = try needOut(event, "event")
        if let next = client.engine.nextEvent(milliseconds: timeout_ms) {
            out.pointee = EventBox(client, next).handedOut()
        } else {
            try client.expectEvents(milliseconds: timeout_ms)
        }
    }
}

@_cdecl("aigc_client_dispatch") @implementation
public func aigc_client_dispatch(
    _ client: OpaquePointer?, _ timeout_ms: Int64, _ handler: aigc_event_handler?,
    _ user_data: UnsafeMutableRawPointer?, _ handled: UnsafeMutablePointer<Int>?,
    _ error: UnsafeMutablePointer<OpaquePointer?>?
) -> aigc_status {
    handled?.pointee = 0
    return withStatus(error) { () throws(Failure) in
        let client = try ClientBox.usable(client)
        guard let handler else { throw isNull("handler") }
        guard var next = client.engine.nextEvent(milliseconds: timeout_ms) else {
            return try client.expectEvents(milliseconds: timeout_ms)
        }
        // Not what the handler brings about: a host that submits a job for each that ends would never get out.
        var left = client.engine.queuedEvents()
        while true {
            let box = EventBox(client, next)
            let depth = aigcp_turn_pause()  // the handler may fork, and stay as long as it likes
            withExtendedLifetime(box) { handler(box.lent, user_data) }
            aigcp_turn_resume(depth)
            handled?.pointee += 1
            guard left > 0, let another = client.engine.nextEvent(milliseconds: 0) else { return }
            left -= 1
            next = another
        }
    }
}

@_cdecl("aigc_client_wake") @implementation
public func aigc_client_wake(_ client: OpaquePointer?) {
    inTurn {
        guard let box = ClientBox.at(client), !box.client.isForeign else { return }
        box.client.engine.wake()
    }
}

extension Client {
    /// Who waits again and again for what cannot come any more would spin. Who only looks is told that there is nothing.
    fileprivate func expectEvents(milliseconds: Int64) throws(Failure) {
        guard milliseconds != 0, engine.hasNoMoreEvents else { return }
        throw Failure(.closed, "Waiting for an event: the client has been closed, and no event is left")
    }

    fileprivate func need(_ name: String) throws(Failure) -> any Provider {
        if let provider = engine.provider(name) { return provider }
        _ = try Catalogue.table(name)
        throw Failure(.internal, "Provider \"\(name)\" is in the catalogue but not in the client")
    }

    fileprivate func attach(_ reference: JobReference, follow: Bool) throws(Failure) -> JobBox {
        try need(reference.provider).validate(reference)
        let record = try engine.attach(reference, follow: follow, deadlineMilliseconds: deadlineMilliseconds)
        return JobBox(self, record)
    }
}
