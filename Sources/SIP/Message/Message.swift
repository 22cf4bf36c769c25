/// A request or a response (RFC 3261 §7).
public enum Message: Hashable, Sendable {
    case request(Request)
    case response(Response)

    public var request: Request? {
        guard case .request(let request) = self else { return nil }
        return request
    }

    public var response: Response? {
        guard case .response(let response) = self else { return nil }
        return response
    }

    /// What both kinds have in common.
    public var common: any SIPMessage {
        switch self {
        case .request(let request): request
        case .response(let response): response
        }
    }

    /// The message as bytes for the wire.
    public func serialized() -> [UInt8] {
        switch self {
        case .request(let request): request.serialized()
        case .response(let response): response.serialized()
        }
    }
}
