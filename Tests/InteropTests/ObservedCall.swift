import Audio
import MediaEngine
import Telephony
import TestSupport

/// A call of ours, and all that it tells.
final class ObservedCall: Sendable {
    let phoneCall = Watched<PhoneCall?>(nil)
    /// Who calls, for a call that came in.
    let caller = Watched("")
    let events = Watched<[PhoneCallEvent]>([])
    let mediaEvents = Watched<[MediaEvent]>([])
    /// G.711 of the far end, as it came up.
    let uplink = Watched<[UInt8]>([])

    /// The tag of all that ``say(_:)`` plays.
    private static let tag: UInt32 = 1

    var handlers: PhoneCallHandlers {
        PhoneCallHandlers(
            media: MediaStream.Handlers(
                uplink: { [uplink] bytes, _ in uplink.update { $0.append(contentsOf: bytes) } },
                event: { [mediaEvents] event in mediaEvents.update { $0.append(event) } })
        ) { [events] event in
            events.update { $0.append(event) }
        }
    }

    // MARK: What we do

    /// Says linear samples in the call's codec; PCMU before it is agreed upon.
    func say(_ samples: [Int16]) {
        guard let media = phoneCall.value?.media else { return }
        media.play(G711.encode(samples, codec.law), tag: Self.tag)
        media.finish(tag: Self.tag)
    }

    func hangUp() {
        phoneCall.value?.hangUp()
    }

    // MARK: What we wait for

    /// The call is answered and audio flows; a call that fails instead throws at once.
    func answered(limit: Duration = .seconds(15)) async throws {
        let end = try await events.wait(for: "the answer, after \(events.value)", limit: limit) { events in
            events.first { event in
                switch event {
                case .answered, .failed, .ended: true
                default: false
                }
            }
        }
        guard case .answered = end else { throw NotSeen(description: "not answered but \(end)") }
    }

    /// How the call ended or failed.
    func last(limit: Duration = .seconds(15)) async throws -> PhoneCallEvent {
        try await events.wait(for: "the end of the call, after \(events.value)", limit: limit) { events in
            events.last.flatMap { $0.isLast ? $0 : nil }
        }
    }

    /// A signalling event, now or later.
    func event(
        _ what: String, limit: Duration = .seconds(15), where match: @Sendable @escaping (PhoneCallEvent) -> Bool
    ) async throws {
        try await events.wait(for: "\(what), after \(events.value)", limit: limit) { $0.first(where: match) }
    }

    /// All that was said has been handed to RTP.
    func said(limit: Duration = .seconds(30)) async throws {
        try await mediaEvents.wait(for: "the end of what we say", limit: limit) { events in
            events.first {
                if case .playoutEnded(Self.tag, _, _) = $0 { true } else { false }
            }
        }
    }

    /// The far end was heard for so long, silence that is filled in included.
    func heard(seconds: Double, limit: Duration = .seconds(30)) async throws {
        let count = Int(seconds * Double(G711.sampleRate))
        try await uplink.wait(for: "\(seconds) s of audio", limit: limit) { $0.count >= count ? true : nil }
    }

    // MARK: What came

    /// The codec that was agreed upon.
    var codec: MediaParameters.Codec {
        for case .answered(let codec, _) in events.value { return codec }
        return .pcmu
    }

    /// The header fields of the answer.
    var answerHeaders: [String: String] {
        for case .answered(_, let headers) in events.value { return headers }
        return [:]
    }

    /// The far end's audio.
    var samples: [Int16] { G711.decode(uplink.value, codec.law) }
}

extension PhoneCallEvent {
    /// Whether nothing follows it.
    var isLast: Bool {
        switch self {
        case .failed, .ended: true
        default: false
        }
    }
}
