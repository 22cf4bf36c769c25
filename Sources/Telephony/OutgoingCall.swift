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
    /// The host of the From header field; `nil` for the trunk's own.
    public var fromHost: String?

    public init(
        host: String, port: UInt16? = nil, username: String? = nil, password: String? = nil, fromHost: String? = nil
    ) {
        self.host = host
        self.port = port
        self.username = username
        self.password = password
        self.fromHost = fromHost
    }

    /// - Parameters:
    ///   - address: `host`, `host:port` or `[2001:db8::1]:port`.
    ///   - fromHost: A host name or an address, without port; `nil` or empty for the trunk's own.
    /// - Returns: `nil` when one of them is something else.
    public init?(address: String, username: String? = nil, password: String? = nil, fromHost: String? = nil) {
        guard let trunk = TrunkRoute.hostAndPort(address) else { return nil }
        var sender: String?
        if let fromHost, !fromHost.isEmpty {
            guard let host = TrunkRoute.hostAndPort(fromHost), host.port == nil else { return nil }
            sender = host.host
        }
        self.init(host: trunk.host, port: trunk.port, username: username, password: password, fromHost: sender)
    }

    private static func hostAndPort(_ text: String) -> (host: String, port: UInt16?)? {
        do {
            guard let uri = try URI(parsing: "sip:" + text).sip, uri.user == nil, uri.parameters.isEmpty,
                uri.headers.isEmpty
            else { return nil }
            return (uri.host, uri.port)
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
    /// Where the INVITE goes: the trunk, or the target's own host, which may be a name that has to be resolved.
    ///
    /// - Throws: ``TelephonyError/Code/invalidTarget``.
    public func nextHop() throws(TelephonyError) -> (host: String, port: UInt16) {
        let uri = try requestURI()
        return (trunk?.host ?? uri.host, (trunk?.port ?? uri.port) ?? 5060)
    }

    /// The caller's URI: its host is what the trunk asks for, else the trunk's own, else `ownHost`.
    func callerURI(ownHost: String) -> SIPURI {
        SIPURI(user: callerID ?? "anonymous", host: trunk?.fromHost ?? trunk?.host ?? ownHost)
    }

    /// The Request-URI: a number becomes a user of the trunk's domain (Twilio drops any other host).
    func requestURI() throws(TelephonyError) -> SIPURI {
        let lower = target.lowercased()
        if lower.hasPrefix("sips:") {
            throw invalidTarget("sips: asks for TLS on every hop (RFC 3261 §19.1), and only UDP is spoken so far")
        }
        if lower.hasPrefix("sip:") {
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
