import SansIO

/// A persona's steps as a written answer: what goes out when.
struct WrittenAnswer: Sendable {
    enum Event: Hashable, Sendable {
        /// A sentence of the persona begins.
        case beginText
        /// A word of it, with the blank before it.
        case text(String)
        case beginCall(id: String, name: String)
        /// A piece of the call's arguments.
        case arguments(String)
        /// What stands in the stream as it is.
        case frame(String)
    }

    enum End: Hashable, Sendable {
        case finished
        /// There were more tokens than allowed.
        case cut
        case failed(RealtimeError)
        case dropped
    }

    /// Most characters of arguments that go out together.
    private static let longestFragment = 12

    /// Offsets from the begin of the answer.
    private(set) var events: [(delay: Duration, event: Event)] = []
    private(set) var end = End.finished
    private(set) var endDelay = Duration.zero
    /// Text and arguments in the answer. [tokens]
    private(set) var tokens: Int64 = 0

    /// - Parameters:
    ///   - maximumTokens: The answer is cut behind so many; `nil` for no limit.
    ///   - allowsParallelCalls: Whether more calls than one may be made.
    init(
        _ steps: [PersonaStep], maximumTokens: Int64?, allowsParallelCalls: Bool, _ context: ReplyContext,
        identifiers: inout IdentifierSource
    ) {
        var random = SeededRandom(seed: context.seed ^ 0xA5)
        var calls = 0
        for step in steps {
            switch step {
            case .say(let text):
                if text.allSatisfy(\.isWhitespace) { continue }
                events.append((endDelay, .beginText))
                for word in RealtimeServerSession.pieces(of: text) {
                    guard add(.text(word), TokenCount.text(word), limit: maximumTokens, context) else { return }
                }
            case .call(let name, let arguments):
                guard allowsParallelCalls || calls == 0 else { continue }
                calls += 1
                events.append((endDelay, .beginCall(id: identifiers.next("call_", length: 24), name: name)))
                var rest = arguments.text[...]
                while !rest.isEmpty {
                    let piece = rest.prefix(Int.random(in: 1...Self.longestFragment, using: &random))
                    rest = rest.dropFirst(piece.count)
                    let cost = TokenCount.text(String(piece))
                    guard add(.arguments(String(piece)), cost, limit: maximumTokens, context) else { return }
                }
            case .pause(let duration): endDelay += duration
            case .fail(let code, let message):
                end = .failed(RealtimeError(failure: code, message: message))
                return
            case .drop:
                end = .dropped
                return
            case .frame(let text): events.append((endDelay, .frame(text)))
            }
        }
    }

    /// - Returns: Whether there may be more.
    private mutating func add(_ event: Event, _ cost: Int64, limit: Int64?, _ context: ReplyContext) -> Bool {
        if let limit, tokens + cost > limit {
            end = .cut
            return false
        }
        tokens += cost
        endDelay += context.wordInterval
        events.append((endDelay, event))
        return true
    }

    /// Sentences, joined by blanks.
    var text: String {
        var text = ""
        for (_, event) in events {
            switch event {
            case .beginText: if !text.isEmpty { text += " " }
            case .text(let word): text += word
            case .beginCall, .arguments, .frame: break
            }
        }
        return text
    }

    var calls: [(id: String, name: String, arguments: String)] {
        var calls: [(id: String, name: String, arguments: String)] = []
        for (_, event) in events {
            switch event {
            case .beginCall(let id, let name): calls.append((id, name, ""))
            case .arguments(let piece): calls[calls.count - 1].arguments += piece
            case .beginText, .text, .frame: break
            }
        }
        return calls
    }

    /// The reply to who asked for no stream, where the answer is no whole one; `nil` where it is.
    var wholeFailure: EndpointReply? {
        for case (_, .frame(let text)) in events {
            return EndpointReply.whole(Array(text.utf8), type: "application/json").delayed(by: endDelay)
        }
        switch end {
        case .failed(let error): return EndpointReply.failure(error, status: error.status).delayed(by: endDelay)
        case .dropped: return EndpointReply(status: 200, headDelay: nil, ending: .dropped, endDelay: endDelay)
        case .finished, .cut: return nil
        }
    }
}
