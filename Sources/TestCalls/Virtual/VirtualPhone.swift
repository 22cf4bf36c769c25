import Audio
import MediaEngine
import SIP
import SansIO
import Telephony

/// One end of a virtual call: its signalling and its audio.
final class VirtualPhone {
    enum Side: Int {
        case agent, callee

        var other: Side { self == .agent ? .callee : .agent }
        /// Addresses of documentation (RFC 5737): nothing in virtual time reaches a network.
        var host: String { self == .agent ? "192.0.2.1" : "192.0.2.2" }
        var signalling: TransportAddress { TransportAddress(host: host, port: 5_060) }
        var mediaPort: UInt16 { 20_000 }
        func mediaAddress(isControl: Bool) -> TransportAddress {
            TransportAddress(host: host, port: isControl ? mediaPort + 1 : mediaPort)
        }
    }

    let side: Side
    var core: PhoneCore { didSet { coreDeadline = core.nextDeadline } }
    /// Kept, for it is asked for at each step.
    private(set) var coreDeadline: Instant?
    var handle: CallHandle?
    let channel = MediaChannel()
    /// There from the first agreement on audio.
    private(set) var media: VirtualMedia?
    private(set) var law = G711.Law.mu
    /// The way that its datagrams take.
    var signallingLink: ImpairedLink
    var mediaLink: ImpairedLink
    private let seed: UInt64
    /// What was said and heard so far, where it is kept.
    private var keptAudio: VirtualAudio?

    init(_ side: Side, seed: UInt64, conditions: NetworkConditions, keepsAudio: Bool) {
        self.side = side
        var random = SeededRandom(seed: seed)
        core = PhoneCore(configuration: PhoneCore.Configuration(address: side.signalling), seed: random.next())
        signallingLink = ImpairedLink(conditions, seed: random.next())
        mediaLink = ImpairedLink(conditions, seed: random.next())
        self.seed = random.next()
        if keepsAudio { keptAudio = VirtualAudio() }
    }

    /// What was said and heard so far, and how much of it was sent; `nil` where it is not kept.
    var audio: VirtualAudio? {
        var audio = keptAudio
        audio?.ledger = channel.ledger
        return audio
    }

    /// Queues audio in the line's law, as part of a tag.
    func play(_ audio: [UInt8], tag: UInt32) {
        keptAudio?.said[tag, default: []] += audio
        channel.play(audio, tag: tag)
    }

    /// Hands on what has come up since the last call.
    func drain(uplink: (UnsafeRawBufferPointer) -> Void, event: (MediaEvent) -> Void) {
        media?.drain(
            uplink: { bytes in
                keptAudio?.heard += bytes
                uplink(bytes)
            }, event: event)
    }

    /// Starts the audio, or takes over what a later agreement has changed.
    func start(_ parameters: MediaParameters, at now: Instant) {
        if media == nil {
            law = parameters.codec.law
            // The two ends tick half a packet apart, as phases are spread in production.
            let phase = Duration.milliseconds(side == .agent ? 5 : 15)
            media = VirtualMedia(channel: channel, seed: seed, firstTick: now + phase)
        }
        channel.start(parameters)
    }

    /// Audio in µ-law as the line takes it.
    func toLine(_ audio: [UInt8]) -> [UInt8] {
        law == .a ? audio.map { G711.transcode($0, from: .mu) } : audio
    }
}
