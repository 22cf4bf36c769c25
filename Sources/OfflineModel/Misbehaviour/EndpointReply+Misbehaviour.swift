import SansIO

extension EndpointReply {
    /// Share of the events that a fault changes.
    private static let changedShare = 0.2
    /// Lengths about which odd pieces are cut. [B]
    private static let oddLengths = [3, 7, 61, 1447]

    /// The reply with faults in it.
    func misbehaving(_ faults: [Misbehaviour.Fault], random: inout SeededRandom) -> EndpointReply {
        guard !faults.isEmpty else { return self }
        var reply = self
        for case .refusal(let status, let retryAfter) in faults {
            reply = .refusal(status: status, retryAfter: retryAfter)
        }
        if faults.contains(.disorder) { reply.disorder(&random) }
        if faults.contains(.duplicates) { reply.duplicate(&random) }
        if faults.contains(.unknownEvents) { reply.insertUnknown(&random) }
        if faults.contains(.truncation) { reply.truncate(&random) }
        if faults.contains(.oddChunks) { reply.cutOddly(&random) }
        for fault in faults {
            switch fault {
            case .drop(let moment): reply.end(.dropped, at: moment)
            case .stall(let moment): reply.end(.stalled, at: moment)
            case .latency(let latency): reply = reply.delayed(by: latency.draw(&random))
            case .refusal, .disorder, .duplicates, .unknownEvents, .truncation, .oddChunks, .expiry: continue
            }
        }
        return reply
    }

    /// What a server that wants to be left alone says, or one that is broken.
    static func refusal(status: Int, retryAfter: Duration?) -> EndpointReply {
        let isLimit = status == 429
        var reply = EndpointReply.failure(
            RealtimeError(
                type: isLimit ? "requests" : status >= 500 ? "server_error" : "invalid_request_error",
                code: isLimit ? "rate_limit_exceeded" : nil,
                message: isLimit
                    ? "Rate limit reached for requests. Please try again later."
                    : "The server had an error while processing your request. Sorry about that!"),
            status: status)
        if let retryAfter {
            let milliseconds = retryAfter.milliseconds
            reply.headers.append(Header("Retry-After", String((milliseconds + 999) / 1000)))
            reply.headers.append(Header("retry-after-ms", String(milliseconds)))
        }
        return reply
    }

    private mutating func end(_ ending: Ending, at moment: Misbehaviour.Moment) {
        switch moment {
        case .start:
            pieces = []
            endDelay = headDelay ?? endDelay
            headDelay = nil
        case .middle:
            if pieces.count > 1 {
                pieces.removeLast(pieces.count / 2)
            } else if let piece = pieces.first {
                pieces[0].bytes.removeLast(piece.bytes.count / 2)
            }
            endDelay = pieces.last?.delay ?? headDelay ?? .zero
        case .after(let duration):
            guard endDelay > duration else { return }
            pieces.removeAll { $0.delay > duration }
            if let head = headDelay, head > duration { headDelay = nil }
            endDelay = duration
        }
        self.ending = ending
    }

    /// Some events change places with the next; their times stay.
    private mutating func disorder(_ random: inout SeededRandom) {
        guard isEventStream, pieces.count > 1 else { return }
        var index = 0
        while index + 1 < pieces.count {
            if random.chance(Self.changedShare) {
                (pieces[index].bytes, pieces[index + 1].bytes) = (pieces[index + 1].bytes, pieces[index].bytes)
                index += 1
            }
            index += 1
        }
    }

    private mutating func duplicate(_ random: inout SeededRandom) {
        guard isEventStream else { return }
        pieces = pieces.flatMap { random.chance(Self.changedShare) ? [$0, $0] : [$0] }
    }

    /// Comments and events that a client must pass over (HTML Living Standard §9.2.6).
    private mutating func insertUnknown(_ random: inout SeededRandom) {
        guard isEventStream else { return }
        let unknown = [
            ": nothing to see here\n\n",
            "event: moonline.unknown\ndata: {\"type\":\"moonline.unknown\",\"choices\":[],\"object\":\"unknown\"}\n\n",
        ]
        pieces = pieces.flatMap { piece in
            guard random.chance(Self.changedShare) else { return [piece] }
            let text = unknown[Int.random(in: 0..<unknown.count, using: &random)]
            return [Piece(delay: piece.delay, bytes: Array(text.utf8)), piece]
        }
    }

    /// Cuts a body of JSON off, or the JSON of one event in the middle of the stream.
    private mutating func truncate(_ random: inout SeededRandom) {
        if isEventStream {
            guard !pieces.isEmpty else { return }
            let index = Int.random(
                in: pieces.count / 3...max(pieces.count / 3, pieces.count * 2 / 3 - 1), using: &random)
            let bytes = pieces[index].bytes
            guard bytes.count > 12 else { return }
            pieces[index].bytes = Array(bytes.prefix(bytes.count * 2 / 3)) + Array("\n\n".utf8)
        } else if header("Content-Type")?.hasPrefix("application/json") == true {
            let bytes = body
            guard bytes.count > 2, let delay = pieces.first?.delay else { return }
            let length = Int.random(in: bytes.count / 2..<bytes.count, using: &random)
            pieces = [Piece(delay: delay, bytes: Array(bytes.prefix(length)))]
        }
    }

    /// Cuts the body anew, at random lengths and within every character that is longer than a byte. A piece goes out
    /// when its last byte would have.
    private mutating func cutOddly(_ random: inout SeededRandom) {
        var cut: [Piece] = []
        var open = Piece(delay: .zero, bytes: [])
        var length = 0
        func draw() -> Int {
            Int.random(
                in: 1...Self.oddLengths[Int.random(in: 0..<Self.oddLengths.count, using: &random)], using: &random)
        }
        let isText = isEventStream || header("Content-Type")?.contains("json") == true
        length = draw()
        for piece in pieces {
            open.delay = piece.delay
            for byte in piece.bytes {
                open.bytes.append(byte)
                guard open.bytes.count >= length || (isText && byte >= 0xC0) else { continue }
                cut.append(open)
                open.bytes = []
                length = draw()
            }
        }
        if !open.bytes.isEmpty { cut.append(open) }
        pieces = cut
    }
}
