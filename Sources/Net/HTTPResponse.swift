/// An HTTP response: with its whole body in memory, or, at a server, with one that is written as it comes.
public struct HTTPResponse: Sendable {
    /// Writes a body. Returning ends it; throwing drops the connection in the middle.
    public typealias BodyProducer = @Sendable (HTTPBodyWriter) async throws -> Void

    public var status: Int
    public var headers: HTTPFields
    /// Empty where ``producer`` writes it.
    public var body: [UInt8]
    /// Writes the body of a server's response; not asked for the response to a `HEAD`. Always `nil` at the client.
    public var producer: BodyProducer?
    /// Whether the connection is dropped instead, without an answer.
    private(set) var isDropped = false

    public init(status: Int, headers: HTTPFields = [:], body: [UInt8] = []) {
        self.status = status
        self.headers = headers
        self.body = body
    }

    /// A response whose body is written as it comes: chunked, unless `headers` name a Content-Length.
    public static func streaming(
        status: Int = 200, headers: HTTPFields = [:], _ producer: @escaping BodyProducer
    ) -> HTTPResponse {
        var response = HTTPResponse(status: status, headers: headers)
        response.producer = producer
        return response
    }

    /// No response: the connection is dropped.
    public static var dropped: HTTPResponse {
        var response = HTTPResponse(status: 500)
        response.isDropped = true
        return response
    }

    /// A response of plain text.
    public static func text(_ text: String, status: Int = 200) -> HTTPResponse {
        HTTPResponse(status: status, headers: ["Content-Type": "text/plain; charset=utf-8"], body: Array(text.utf8))
    }

    /// A response of JSON.
    public static func json(_ bytes: [UInt8], status: Int = 200) -> HTTPResponse {
        HTTPResponse(status: status, headers: ["Content-Type": "application/json"], body: bytes)
    }
}
