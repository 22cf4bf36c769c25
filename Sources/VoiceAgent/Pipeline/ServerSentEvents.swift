/// Reads an event stream (WHATWG HTML §9.2.6, `text/event-stream`), cut anywhere.
///
/// Lines end with LF, CRLF or CR. `id` and `retry` are skipped: nobody here reconnects to a stream. Unlike a browser, a
/// last event that no blank line ends is given too, by ``finish()``: some servers close behind `data: [DONE]`.
public struct ServerSentEvents: Sendable {
    public struct Event: Hashable, Sendable {
        /// `message` unless the stream says otherwise.
        public var type: String
        /// The lines of data, joined with LF.
        public var data: [UInt8]

        public init(type: String = "message", data: [UInt8]) {
            self.type = type
            self.data = data
        }
    }

    /// An event is larger than ``ServerSentEvents/maximumEventBytes``.
    public struct TooLarge: Error, Hashable, Sendable {}

    /// Bytes of one event, at most; a line counts from its first byte.
    public let maximumEventBytes: Int

    private var line: [UInt8] = []
    private var data: [UInt8] = []
    private var hasData = false
    private var type = ""
    private var isFirstLine = true
    private var endedWithCR = false

    public init(maximumEventBytes: Int = 4 << 20) {
        self.maximumEventBytes = maximumEventBytes
    }

    /// Takes a part of the stream, and gives the events that it completes.
    public mutating func receive(_ part: some Sequence<UInt8>) throws(TooLarge) -> [Event] {
        var events: [Event] = []
        for byte in part {
            let followsCR = endedWithCR
            endedWithCR = byte == UInt8(ascii: "\r")
            switch byte {
            case UInt8(ascii: "\n") where followsCR: break
            case UInt8(ascii: "\n"), UInt8(ascii: "\r"):
                if let event = endLine() { events.append(event) }
            default:
                guard line.count + data.count < maximumEventBytes else { throw TooLarge() }
                line.append(byte)
            }
        }
        return events
    }

    /// The stream has ended: gives the event that was not complete, if it has any data.
    public mutating func finish() -> Event? {
        if !line.isEmpty, let event = endLine() { return event }
        return endEvent()
    }

    private mutating func endLine() -> Event? {
        defer { line.removeAll(keepingCapacity: true) }
        if isFirstLine {
            isFirstLine = false
            if line.starts(with: [0xEF, 0xBB, 0xBF]) { line.removeFirst(3) }
        }
        if line.isEmpty { return endEvent() }
        // A line that begins with a colon is a comment: its field has no name.
        let colon = line.firstIndex(of: UInt8(ascii: ":")) ?? line.endIndex
        var value = line[min(colon + 1, line.endIndex)...]
        if value.first == UInt8(ascii: " ") { value.removeFirst() }
        switch line[..<colon] {
        case ServerSentEvents.dataField:
            if hasData { data.append(UInt8(ascii: "\n")) }
            hasData = true
            data.append(contentsOf: value)
        case ServerSentEvents.eventField: type = String(decoding: value, as: UTF8.self)
        default: break
        }
        return nil
    }

    private mutating func endEvent() -> Event? {
        defer {
            data = []
            hasData = false
            type = ""
        }
        // An empty buffer is no event, whatever its type (step 2 of the dispatch).
        guard !data.isEmpty else { return nil }
        return Event(type: type.isEmpty ? "message" : type, data: data)
    }

    private static let dataField = ArraySlice("data".utf8)
    private static let eventField = ArraySlice("event".utf8)
}
