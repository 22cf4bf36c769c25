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
    var core: PhoneCore
    var handle: CallHandle?
    let channel = MediaChannel()
    /// There from the first agreement on audio.
    private(set) var media: VirtualMedia?
    private(set) var law = G711.Law.mu
    /// The way that its datagrams take.
    var signallingLink: ImpairedLink
    var mediaLink: ImpairedLink
    private let seed: UInt64

    init(_ side: Side, seed: UInt64, conditions: NetworkConditions) {
        self.side = side
        var random = SeededRandom(seed: seed)
        core = PhoneCore(configuration: PhoneCore.Configuration(address: side.signalling), seed: random.next())
        signallingLink = ImpairedLink(conditions, seed: random.next())
        mediaLink = ImpairedLink(conditions, seed: random.next())
        self.seed = random.next()
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
