public import SansIO

/// An entry of the model's conversation, as far as a call needs it.
public struct RealtimeItem: Hashable, Sendable {
    public enum Kind: Hashable, Sendable {
        /// `user`, `assistant` or `system`.
        case message(role: String)
        case functionCall(RealtimeFunctionCall)
        case functionCallOutput(callID: String)
        /// A type that calls have no use for, such as `mcp_call`.
        case other(type: String)
    }

    public var id: String
    public var kind: Kind
    /// `in_progress`, `completed` or `incomplete`; empty when absent.
    public var status: String

    public init(id: String, kind: Kind, status: String = "") {
        self.id = id
        self.kind = kind
        self.status = status
    }

    init?(json: JSON?) {
        guard let json, let id = json["id"]?.string else { return nil }
        let type = json["type"]?.string ?? ""
        let kind: Kind =
            switch type {
            case "message": .message(role: json["role"]?.string ?? "")
            case "function_call":
                .functionCall(
                    RealtimeFunctionCall(
                        callID: json["call_id"]?.string ?? "", name: json["name"]?.string ?? "",
                        arguments: json["arguments"]?.string ?? ""))
            case "function_call_output": .functionCallOutput(callID: json["call_id"]?.string ?? "")
            default: .other(type: type)
            }
        self.init(id: id, kind: kind, status: json["status"]?.string ?? "")
    }
}

/// A function that the model wants to be called.
public struct RealtimeFunctionCall: Hashable, Sendable {
    public var callID: String
    public var name: String
    /// JSON text of the arguments, as the model wrote it: not necessarily JSON.
    public var arguments: String

    public init(callID: String, name: String, arguments: String) {
        self.callID = callID
        self.name = name
        self.arguments = arguments
    }
}

/// Where in a response a piece of audio, text or transcript belongs.
public struct RealtimePartPath: Hashable, Sendable {
    /// Empty when the server leaves it out.
    public var responseID: String
    public var itemID: String
    public var outputIndex: Int
    public var contentIndex: Int

    public init(responseID: String, itemID: String, outputIndex: Int = 0, contentIndex: Int = 0) {
        self.responseID = responseID
        self.itemID = itemID
        self.outputIndex = outputIndex
        self.contentIndex = contentIndex
    }
}

/// The `response` object of `response.created` and `response.done`.
public struct RealtimeResponse: Hashable, Sendable {
    public enum Status: Hashable, Sendable {
        case inProgress, completed
        /// `turn_detected`, `client_cancelled`, or what a clone says.
        case cancelled(reason: String)
        /// `max_output_tokens` or `content_filter`.
        case incomplete(reason: String)
        case failed(RealtimeError)
        case other(String)
    }

    public var id: String
    public var status: Status
    public var output: [RealtimeItem]
    /// What the client gave to `response.create`; empty for a response that the server began.
    public var metadata: [String: String]
    public var usage: JSON?

    public init(
        id: String, status: Status, output: [RealtimeItem] = [], metadata: [String: String] = [:], usage: JSON? = nil
    ) {
        self.id = id
        self.status = status
        self.output = output
        self.metadata = metadata
        self.usage = usage
    }

    init?(json: JSON?) {
        guard let json, let id = json["id"]?.string else { return nil }
        let details = json["status_details"] ?? .null
        // xAI sends a bare string where others send an object.
        let reason = details["reason"]?.string ?? details.string ?? ""
        let status: Status =
            switch json["status"]?.string ?? "" {
            case "in_progress", "": .inProgress
            case "completed": .completed
            case "cancelled": .cancelled(reason: reason)
            case "incomplete": .incomplete(reason: reason)
            case "failed": .failed(RealtimeError(json: details["error"] ?? details))
            case let other: .other(other)
            }
        var metadata: [String: String] = [:]
        for member in json["metadata"]?.object?.members ?? [] {
            if let value = member.value.string { metadata[member.key] = value }
        }
        let usage = json["usage"]
        self.init(
            id: id, status: status, output: (json["output"]?.array ?? []).compactMap { RealtimeItem(json: $0) },
            metadata: metadata, usage: usage?.isNull == true ? JSON?.none : usage)
    }
}
