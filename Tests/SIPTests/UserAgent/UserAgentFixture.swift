import SIP
import SansIO
import Testing

/// One user agent in virtual time, and a peer whose messages a test writes itself.
struct UserAgentFixture {
    struct Sent {
        let at: Instant
        let message: Message
        let destination: TransportAddress
    }

    static let address = TransportAddress(host: "192.0.2.1", port: 5060)
    static let peer = TransportAddress(host: "192.0.2.2", port: 5060)
    static let offer = Array("our offer".utf8)
    static let peerURI = URI.sip(SIPURI(user: "bob", host: "192.0.2.2"))
    static let peerContact = "<sip:bob@192.0.2.2:5060>"

    var core: UserAgentCore
    private(set) var now = Instant.zero
    /// What was sent and not yet taken.
    private(set) var outbox: [Sent] = []
    private(set) var events: [CallEvent] = []
    private(set) var pings: [Int] = []
    private(set) var handle = CallHandle(number: 0)
    private var branch = 0

    init(_ adjust: (inout UserAgentCore.Configuration) -> Void = { _ in }) {
        var configuration = UserAgentCore.Configuration(address: Self.address)
        adjust(&configuration)
        core = UserAgentCore(configuration: configuration, seed: 42)
    }

    // MARK: Inputs

    mutating func input(_ input: UserAgentCore.Input) {
        for action in core.receive(input, at: now) {
            switch action {
            case .send(let bytes, let destination):
                do {
                    outbox.append(Sent(at: now, message: try Message(parsing: bytes), destination: destination))
                } catch {
                    Issue.record("sent something malformed: \(error)")
                }
            case .event(let handle, let event):
                self.handle = handle
                events.append(event)
            case .pinged(_, let status): pings.append(status)
            }
        }
    }

    mutating func command(_ command: UserAgentCore.Command) { input(.command(handle, command)) }

    mutating func receive(_ message: some SIPMessage, from source: TransportAddress = Self.peer) {
        input(.datagram(message.serialized(), from: source))
    }

    /// Lets time pass, with every deadline met on its instant.
    mutating func advance(by duration: Duration) {
        let end = now + duration
        while let deadline = core.nextDeadline, deadline <= end {
            now = max(now, deadline)
            input(.deadline)
        }
        now = end
    }

    /// Lets time pass until the user agent waits for nothing.
    mutating func drain() {
        while let deadline = core.nextDeadline {
            now = max(now, deadline)
            input(.deadline)
        }
    }

    // MARK: Outputs

    /// All requests sent since the last taking, of one method if given, without responses.
    mutating func takeRequests(_ method: SIP.Method? = nil) -> [Request] {
        let taken = outbox.compactMap(\.message.request).filter { method == nil || $0.method == method }
        outbox = []
        return taken
    }

    mutating func takeResponses() -> [Response] {
        let taken = outbox.compactMap(\.message.response)
        outbox = []
        return taken
    }

    mutating func takeSent() -> [Sent] {
        defer { outbox = [] }
        return outbox
    }

    mutating func takeEvents() -> [CallEvent] {
        defer { events = [] }
        return events
    }

    // MARK: The peer's messages

    /// A response of the peer, with a Contact from 101 on.
    func response(
        _ status: Int, to request: Request, tag: String = "b", body: [UInt8] = [], headers: [(HeaderName, String)] = []
    ) -> Response {
        var response = Response(to: request, statusCode: status, toTag: status == 100 ? nil : tag, body: body)
        if status > 100, request.method == .invite, status < 300 {
            response.headers.append(.contact, Self.peerContact)
        }
        for (name, value) in headers { response.headers.append(name, value) }
        return response
    }

    mutating func reply(
        _ status: Int, to request: Request, tag: String = "b", body: [UInt8] = [], headers: [(HeaderName, String)] = []
    ) {
        receive(response(status, to: request, tag: tag, body: body, headers: headers))
    }

    /// A request of the peer.
    mutating func request(
        _ method: SIP.Method, fromTag: String = "b", toTag: String? = nil, callID: String = "peer-call",
        number: UInt32 = 1, body: [UInt8] = [], headers: [(HeaderName, String)] = []
    ) -> Request {
        branch += 1
        var from = NameAddress(uri: Self.peerURI)
        from.tag = fromTag
        var to = NameAddress(uri: .sip(SIPURI(user: "alice", host: Self.address.host)))
        to.tag = toTag
        var via = Via(transport: "UDP", host: Self.peer.host, port: Self.peer.port, branch: "z9hG4bKpeer\(branch)")
        via.parameters.set("rport", nil)
        var request = Request(
            method: method, uri: to.uri, via: via, from: from, to: to, callID: callID, sequenceNumber: number,
            body: body)
        if method == .invite || method == .update || method == .refer || method == .notify {
            request.headers.append(.contact, Self.peerContact)
        }
        if !body.isEmpty, !headers.contains(where: { $0.0 == .contentType }) {
            request.headers.append(.contentType, "application/sdp")
        }
        for (name, value) in headers { request.headers.append(name, value) }
        return request
    }

    /// A request of the peer in the dialog that an INVITE of ours and the peer's To tag made.
    mutating func request(
        _ method: SIP.Method, inDialogOf invite: Request, tag: String = "b", number: UInt32 = 1, body: [UInt8] = [],
        headers: [(HeaderName, String)] = []
    ) -> Request {
        request(
            method, fromTag: tag, toTag: invite.from.tag, callID: invite.callID, number: number, body: body,
            headers: headers)
    }

    // MARK: Whole steps

    /// Places a call.
    ///
    /// - Returns: The INVITE.
    mutating func place(
        offer: [UInt8] = Self.offer, credentials: Credentials? = nil, ringTimeout: Duration? = nil
    ) throws -> Request {
        handle = core.makeHandle()
        let invite = OutgoingInvite(
            requestURI: Self.peerURI, from: NameAddress(displayName: "Alice", uri: SampleMessages.alice),
            headers: Headers([Headers.Field("X-Test", "1"), Headers.Field(.contact, "<sip:wrong@example>")]),
            offer: offer, destination: Self.peer, credentials: credentials, ringTimeout: ringTimeout)
        command(.invite(invite))
        return try #require(takeRequests(.invite).first)
    }

    /// Places a call that the peer answers.
    ///
    /// - Returns: The INVITE.
    mutating func establish(credentials: Credentials? = nil) throws -> Request {
        let invite = try place(credentials: credentials)
        reply(200, to: invite, body: Array("their answer".utf8))
        #expect(takeRequests(.ack).count == 1)
        _ = takeEvents()
        return invite
    }

    /// Lets the peer call, and answers it.
    ///
    /// - Returns: The INVITE, and our tag.
    mutating func accept() throws -> (invite: Request, localTag: String) {
        let invite = request(.invite, body: Array("their offer".utf8))
        receive(invite)
        command(.answer(body: Array("our answer".utf8)))
        let answer = try #require(takeResponses().last)
        let tag = try #require(answer.to.tag)
        receive(request(.ack, toTag: tag))
        _ = takeEvents()
        return (invite, tag)
    }
}
