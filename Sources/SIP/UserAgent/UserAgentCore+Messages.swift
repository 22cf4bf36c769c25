import SansIO

/// What goes into the messages that the core makes.
extension UserAgentCore {
    static let allowedMethods: [Method] = [
        .invite, .ack, .cancel, .bye, .options, .refer, .notify, .info, .update,
    ]
    /// RFC 4488.
    static let supportedExtensions = ["norefersub"]
    static let acceptedBodies = "application/sdp, message/sipfrag, application/dtmf-relay"

    /// The top Via of a new transaction: our address, a fresh branch, and `rport` (RFC 3581 §3).
    mutating func makeVia() -> Via {
        var via = Via(
            transport: "UDP", host: configuration.address.host, port: configuration.address.port,
            branch: Via.magicCookie + random.token(length: 16))
        via.parameters.set("rport", nil)
        return via
    }

    func contactURI(user: String?) -> URI {
        .sip(SIPURI(user: user, host: configuration.address.host, port: configuration.address.port))
    }

    /// Our Contact for a local address, whose user it keeps.
    func contact(for local: NameAddress) -> String {
        let user: String? =
            switch local.uri {
            case .sip(let uri): uri.user
            case .tel(let uri): uri.digits
            case .other: nil
            }
        return NameAddress(uri: contactURI(user: user)).description
    }

    /// Fields that name us and what we can, for requests.
    func agentHeaders() -> Headers {
        var headers = Headers()
        headers.append(.userAgent, configuration.userAgent)
        headers.append(.allow, Self.allowedMethods.map(\.rawValue).joined(separator: ", "))
        headers.append(.supported, Self.supportedExtensions.joined(separator: ", "))
        return headers
    }

    /// Fields of a response that makes or refreshes a dialog.
    func dialogHeaders(_ dialog: Dialog, body: [UInt8]) -> Headers {
        var headers = Headers()
        headers.append(.contact, contact(for: dialog.localAddress))
        headers.append(.allow, Self.allowedMethods.map(\.rawValue).joined(separator: ", "))
        headers.append(.supported, Self.supportedExtensions.joined(separator: ", "))
        if !body.isEmpty { headers.append(.contentType, MediaType.sdp.description) }
        return headers
    }

    /// The To tag of a response that is sent without a transaction: the same for each retransmission of the request
    /// (RFC 3261 §8.2.7).
    func statelessTag(_ parts: [String]) -> String {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325 ^ tagSalt
        for part in parts {
            for byte in part.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
            hash = (hash ^ 0xFF) &* 0x100_0000_01B3
        }
        var generator = SeededRandom(seed: hash)
        return generator.token(length: 10)
    }

    // MARK: Answering

    /// Answers a request, in its transaction if it has one.
    mutating func answer(_ incoming: IncomingRequest, _ response: Response, at now: Instant) {
        var response = response
        response.headers[.server] = configuration.userAgent
        guard let transaction = incoming.transaction else {
            let destination = NextHop.responseAddress(of: incoming.request.topVia, source: incoming.source)
            actions.append(.send(response.serialized(), to: destination))
            return
        }
        if response.isFinal { cancellable[transaction] = nil }
        handle(transactions.respond(response, to: transaction, at: now), at: now)
    }

    /// Answers a request with a code and fields; a To without tag gets one.
    mutating func answer(
        _ incoming: IncomingRequest, _ status: Int, reason: String? = nil, headers: Headers = Headers(), at now: Instant
    ) {
        let response = Response(
            to: incoming.request, statusCode: status, reason: reason, toTag: toTag(for: incoming.request),
            headers: headers)
        answer(incoming, response, at: now)
    }

    func toTag(for request: Request) -> String {
        statelessTag([request.callID, request.from.tag ?? "", request.cseq.description, request.topVia.branch ?? ""])
    }

    /// `Retry-After` with the configured time.
    var retryAfterHeaders: Headers {
        let seconds = UInt32(clamping: Int64(configuration.limits.retryAfter.seconds.rounded(.up)))
        return Headers([Headers.Field(.retryAfter, RetryAfter(seconds: seconds).description)])
    }
}
