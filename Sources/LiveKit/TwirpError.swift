import Net
public import SansIO

/// An error of the server API, as Twirp writes it: `{code, msg, meta?}` (Twirp wire protocol v7, "Errors").
public struct TwirpError: Error, Sendable, Equatable, CustomStringConvertible {
    public enum Code: String, Sendable, CaseIterable {
        case invalidArgument = "invalid_argument"
        case malformed
        case outOfRange = "out_of_range"
        case unauthenticated
        case permissionDenied = "permission_denied"
        case notFound = "not_found"
        case badRoute = "bad_route"
        case canceled
        case deadlineExceeded = "deadline_exceeded"
        case alreadyExists = "already_exists"
        case aborted
        case failedPrecondition = "failed_precondition"
        case resourceExhausted = "resource_exhausted"
        case internalError = "internal"
        case unknown
        case dataLoss = "data_loss"
        case unimplemented
        case unavailable

        /// The HTTP status that goes with the code.
        public var httpStatus: Int {
            switch self {
            case .invalidArgument, .malformed, .outOfRange: 400
            case .unauthenticated: 401
            case .permissionDenied: 403
            case .notFound, .badRoute: 404
            case .canceled, .deadlineExceeded: 408
            case .alreadyExists, .aborted: 409
            case .failedPrecondition: 412
            case .resourceExhausted: 429
            case .internalError, .unknown, .dataLoss: 500
            case .unimplemented: 501
            case .unavailable: 503
            }
        }
    }

    public var code: Code
    public var message: String
    /// Details, such as `sip_status_code`.
    public var meta: [String: String]

    public init(_ code: Code, _ message: String, meta: [String: String] = [:]) {
        self.code = code
        self.message = message
        self.meta = meta
    }

    public var description: String { message.isEmpty ? code.rawValue : message }

    /// The body of the HTTP response.
    public var json: JSON {
        var object: JSONObject = ["code": .string(code.rawValue), "msg": .string(message)]
        if !meta.isEmpty {
            object["meta"] = .object(
                JSONObject(members: meta.sorted { $0.key < $1.key }.map { ($0.key, .string($0.value)) }))
        }
        return .object(object)
    }

    var response: HTTPResponse { .json(json.bytes, status: code.httpStatus) }

    /// Reads an error body; `nil` when it is none.
    init?(json: JSON) {
        guard let name = json["code"]?.string else { return nil }
        var meta: [String: String] = [:]
        for member in json["meta"]?.object?.members ?? [] { meta[member.key] = member.value.string }
        self.init(Code(rawValue: name) ?? .unknown, json["msg"]?.string ?? name, meta: meta)
    }
}
