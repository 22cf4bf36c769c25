/// What a user agent checks of every request before it looks at its meaning (RFC 3261 §8.2.1 to §8.2.3).
public struct RequestValidation: Sendable {
    /// Methods that are served; written into Allow.
    public var allowedMethods: [Method]
    /// Option tags that a peer may require; written into Supported.
    public var supportedExtensions: [String]
    /// Types of bodies that are read; written into Accept.
    public var acceptedTypes: [MediaType]
    /// URI schemes of the Request-URI, in lower case.
    public var acceptedSchemes: Set<String>

    public init(
        allowedMethods: [Method], supportedExtensions: [String] = [], acceptedTypes: [MediaType] = [.sdp],
        acceptedSchemes: Set<String> = ["sip", "sips", "tel"]
    ) {
        self.allowedMethods = allowedMethods
        self.supportedExtensions = supportedExtensions
        self.acceptedTypes = acceptedTypes
        self.acceptedSchemes = acceptedSchemes
    }

    /// Methods of the standards: refused with 405 when not allowed, all others with 501 (RFC 3261 §21.4.6, §21.5.2).
    private static let knownMethods: Set<Method> = [
        .invite, .ack, .bye, .cancel, .options, .register, .refer, .notify, .subscribe, .info, .update, .prack,
        .message, .publish,
    ]

    /// The answer that refuses the request, or `nil` when it may be looked at further.
    ///
    /// In the order of RFC 3261 §8.2: method (405, 501), Request-URI (416), Require (420), body (415), and at last, for
    /// an INVITE, whether the answer's type is accepted (406, §21.4.7). ACK is never refused; CANCEL is not checked for
    /// Require (§8.2.2.3).
    /// - Parameter toTag: The tag that the answer's To gets when it has none.
    public func refusal(of request: Request, toTag: String) -> Response? {
        guard request.method != .ack, let (statusCode, headers) = verdict(on: request) else { return nil }
        return Response(to: request, statusCode: statusCode, toTag: toTag, headers: headers)
    }

    private func verdict(on request: Request) -> (statusCode: Int, headers: Headers)? {
        guard allowedMethods.contains(request.method) else {
            let isKnown = RequestValidation.knownMethods.contains(request.method)
            let allow = allowedMethods.map(\.rawValue).joined(separator: ", ")
            return (isKnown ? 405 : 501, Headers([Headers.Field(.allow, allow)]))
        }
        guard acceptedSchemes.contains(request.uri.scheme) else { return (416, Headers()) }
        if request.method != .cancel {
            let missing = request.require.filter { tag in !supportedExtensions.contains { Grammar.equal($0, tag) } }
            if !missing.isEmpty {
                return (420, Headers([Headers.Field(.unsupported, missing.joined(separator: ", "))]))
            }
        }
        if !accepts(bodyOf: request) {
            let accept = acceptedTypes.map(\.description).joined(separator: ", ")
            return (415, Headers([Headers.Field(.accept, accept), Headers.Field("Accept-Encoding", "identity")]))
        }
        if request.method == .invite, let accept = request.accept, !RequestValidation.permitsSDP(accept) {
            return (406, Headers())
        }
        return nil
    }

    /// Whether the body is one of the accepted types in plain encoding, or may be ignored (RFC 3261 §8.2.3).
    private func accepts(bodyOf request: Request) -> Bool {
        guard !request.body.isEmpty else { return true }
        if let disposition = request.headers["Content-Disposition"],
            Headers.split(disposition).contains(where: { Grammar.lowercased($0).contains("handling=optional") })
        {
            return true
        }
        if let encoding = request.headers[.contentEncoding], !Grammar.equal(encoding, "identity") { return false }
        guard let type = request.contentType else { return false }
        return acceptedTypes.contains { $0.matches(type) }
    }

    /// Whether a list of media ranges has room for the session description that answers an INVITE.
    private static func permitsSDP(_ ranges: [String]) -> Bool {
        ranges.contains { range in
            let type = Grammar.lowercased(String(range.prefix { $0 != ";" && $0 != " " }))
            return type == "application/sdp" || type == "application/*" || type == "*/*"
        }
    }
}

extension Response {
    /// Whether the response has one Via, as those for a user agent have; others are dropped (RFC 3261 §8.1.3.3).
    public var isForUserAgent: Bool { lowerVias.isEmpty }
}
