import SIP

/// How a trunk is reached: what a call needs of it.
public struct TrunkRoute: Sendable, Hashable {
    /// Host name or address of the trunk, without scheme; the Request-URI carries it as it is.
    public var host: String
    /// `nil` stands for 5060.
    public var port: UInt16?
    public var username: String?
    /// Never logged.
    public var password: String?

    public init(host: String, port: UInt16? = nil, username: String? = nil, password: String? = nil) {
        self.host = host
        self.port = port
        self.username = username
        self.password = password
    }

    /// - Parameter address: `host`, `host:port` or `[2001:db8::1]:port`.
    /// - Returns: `nil` when it is none of these.
    public init?(address: String, username: String? = nil, password: String? = nil) {
        do {
            guard let uri = try URI(parsing: "sip:" + address).sip, uri.user == nil else { return nil }
            self.init(host: uri.host, port: uri.port, username: username, password: password)
        } catch {
            return nil
        }
    }
}

/// A call to place.
public struct OutgoingCall: Sendable {
    /// E.164, or a `sip:` URI.
    public var target: String
    /// The caller's number as the callee sees it; `nil` for anonymous calls of PBX users.
    public var callerID: String?
    /// Further header fields of the INVITE.
    public var headers: [String: String]
    public var ringTimeout: Duration?
    /// `nil` sends a `sip:` target to its own host.
    public var trunk: TrunkRoute?

    public init(
        target: String, callerID: String? = nil, headers: [String: String] = [:], ringTimeout: Duration? = nil,
        trunk: TrunkRoute? = nil
    ) {
        self.target = target
        self.callerID = callerID
        self.headers = headers
        self.ringTimeout = ringTimeout
        self.trunk = trunk
    }
}

extension OutgoingCall {
    /// The Request-URI: a number becomes a user of the trunk's domain (Twilio drops any other host).
    func requestURI() throws(TelephonyError) -> SIPURI {
        let lower = target.lowercased()
        if lower.hasPrefix("sip:") || lower.hasPrefix("sips:") {
            do {
                guard let uri = try URI(parsing: target).sip else { throw invalidTarget("it is no SIP URI") }
                return uri
            } catch let error as GrammarError {
                throw invalidTarget("\(error)")
            } catch {
                throw invalidTarget("it is no SIP URI")
            }
        }
        guard let trunk else {
            throw TelephonyError(
                .invalidTarget,
                "To call \(target) a trunk is needed: create one with `moonline trunk create`, or give a sip: URI.")
        }
        return SIPURI(user: target, host: trunk.host, port: trunk.port)
    }

    private func invalidTarget(_ reason: String) -> TelephonyError {
        TelephonyError(.invalidTarget, "“\(target)” cannot be called: \(reason).")
    }
}
