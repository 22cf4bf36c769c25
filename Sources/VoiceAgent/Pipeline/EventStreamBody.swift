import SansIO

/// The body of an answer that was asked for as an event stream of JSON: the stream, or one JSON text from servers that do
/// not stream.
struct EventStreamBody: Sendable {
    enum Part: Hashable {
        /// The data of an event, with its type.
        case event(type: String, JSON)
        /// `data: [DONE]`.
        case done
        /// The whole body was one JSON text.
        case whole(JSON)
        /// What came is no JSON, or too much; nothing follows.
        case malformed

        var isEvent: Bool { if case .event = self { true } else { false } }
    }

    private enum State {
        /// Only white space and byte order marks so far.
        case undecided
        case events(ServerSentEvents)
        case whole([UInt8])
        case ended
    }

    /// Bytes of a body that is not streamed, at most.
    private static let maximumWholeBytes = 4 << 20

    private var state = State.undecided

    mutating func receive(_ bytes: [UInt8]) -> [Part] {
        switch state {
        case .undecided:
            guard let start = bytes.firstIndex(where: { ![0x20, 0x09, 0x0A, 0x0D, 0xEF, 0xBB, 0xBF].contains($0) })
            else { return [] }
            // No field of an event stream begins so.
            if bytes[start] == UInt8(ascii: "{") || bytes[start] == UInt8(ascii: "[") {
                state = .whole([])
            } else {
                state = .events(ServerSentEvents())
            }
            return receive(Array(bytes[start...]))
        case .events(var events):
            state = .ended
            do throws(ServerSentEvents.TooLarge) {
                let received = try events.receive(bytes)
                state = .events(events)
                return parts(received)
            } catch {
                return [.malformed]
            }
        case .whole(var body):
            state = .ended
            guard body.count + bytes.count <= EventStreamBody.maximumWholeBytes else { return [.malformed] }
            body += bytes
            state = .whole(body)
            return []
        case .ended: return []
        }
    }

    /// The body has ended.
    mutating func finish() -> [Part] {
        defer { state = .ended }
        switch state {
        case .undecided, .ended: return []
        case .events(var events): return parts(events.finish().map { [$0] } ?? [])
        case .whole(let body):
            do {
                return [.whole(try JSON(parsing: body))]
            } catch {
                return [.malformed]
            }
        }
    }

    private mutating func parts(_ events: [ServerSentEvents.Event]) -> [Part] {
        var parts: [Part] = []
        for event in events {
            if event.data.elementsEqual("[DONE]".utf8) {
                parts.append(.done)
                continue
            }
            do {
                parts.append(.event(type: event.type, try JSON(parsing: event.data)))
            } catch {
                state = .ended
                return parts + [.malformed]
            }
        }
        return parts
    }
}
