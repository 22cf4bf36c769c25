import Audio
import MediaEngine
import SansIO

/// One end's media session in virtual time: what a media thread does for it, done by whoever steps it.
final class VirtualMedia {
    struct Datagram {
        let bytes: [UInt8]
        let isControl: Bool
    }

    let channel: MediaChannel
    private var session: MediaSession
    private(set) var isClosed = false

    init(channel: MediaChannel, seed: UInt64, firstTick: Instant) {
        self.channel = channel
        session = MediaSession(
            channel: channel, configuration: MediaSession.Configuration(seed: seed), firstTick: firstTick)
    }

    /// When to call ``tick(at:)``; `nil` when it is closed.
    var nextTick: Instant? { isClosed ? nil : session.nextTick }

    /// Advances by a packet time.
    ///
    /// - Returns: What is to be sent.
    func tick(at now: Instant) -> [Datagram] {
        datagrams(session.tick(at: now))
    }

    func receive(_ datagram: Datagram, from source: SocketAddress, at now: Instant) {
        guard !isClosed else { return }
        datagram.bytes.withUnsafeBytes { bytes in
            if datagram.isControl {
                session.receiveControl(bytes, from: source, at: now)
            } else {
                session.receive(bytes, from: source, at: now)
            }
        }
    }

    /// Hands on what has come up since the last call.
    func drain(uplink: (UnsafeRawBufferPointer) -> Void, event: (MediaEvent) -> Void) {
        guard session.takeUpwardFlag() else { return }
        channel.drain(uplink: { bytes, _ in uplink(bytes) }, event: event)
    }

    func close(at now: Instant) -> [Datagram] {
        guard !isClosed else { return [] }
        isClosed = true
        return datagrams(session.close(at: now))
    }

    private func datagrams(_ transmission: MediaSession.Transmission) -> [Datagram] {
        var datagrams: [Datagram] = []
        if transmission.mediaLength > 0 {
            datagrams.append(
                Datagram(bytes: Array(session.mediaDatagram.prefix(transmission.mediaLength)), isControl: false))
        }
        if transmission.controlLength > 0 {
            datagrams.append(
                Datagram(
                    bytes: Array(session.controlDatagram.prefix(transmission.controlLength)),
                    isControl: !session.multiplexesControl))
        }
        return datagrams
    }
}
