import CLinux
import Glibc
import SansIO

/// Hands out pairs of UDP sockets: RTP on an even port, RTCP on the next (RFC 3550 §11).
///
/// Goes round the range, so that the port of a call that has just ended rests for as long as possible: what its far end
/// still sends does not fall into the next call.
struct PortRange {
    /// Two bound sockets.
    struct Pair {
        var port: UInt16
        var media: Int32
        var control: Int32
    }

    private let address: String
    private let first: Int
    private let count: Int
    private var next = 0

    /// - Throws: ``MediaError`` when the range holds no even port with a successor.
    init(address: String, ports: ClosedRange<UInt16>) throws(MediaError) {
        var bits = clinux_address()
        guard clinux_address_parse(address, 0, &bits) == 0 else {
            throw MediaError(.badConfiguration, "The media address \"\(address)\" is not a numeric IP address.")
        }
        let lowest = max(2, Int(ports.lowerBound))
        first = lowest + lowest % 2
        count = (Int(ports.upperBound) + 1 - first) / 2
        guard count > 0 else {
            throw MediaError(
                .badConfiguration,
                "The media ports \(ports.lowerBound)-\(ports.upperBound) hold no even port with its successor.")
        }
        self.address = address
    }

    /// Binds the next free pair.
    mutating func open() throws(MediaError) -> Pair {
        for step in 0..<count {
            let index = (next + step) % count
            if let pair = try open(port: UInt16(first + 2 * index)) {
                next = (index + 1) % count
                return pair
            }
        }
        throw MediaError(
            .portsExhausted,
            "All \(count) media ports between \(first) and \(first + 2 * count - 1) are in use; "
                + "configure a wider range, or end some calls.")
    }

    /// - Returns: `nil` when one of the two ports is in use.
    private func open(port: UInt16) throws(MediaError) -> Pair? {
        guard let media = try bind(port) else { return nil }
        do {
            if let control = try bind(port + 1) { return Pair(port: port, media: media, control: control) }
        } catch {
            clinux_close(media)
            throw error
        }
        clinux_close(media)
        return nil
    }

    private func bind(_ port: UInt16) throws(MediaError) -> Int32? {
        var bits = clinux_address()
        _ = clinux_address_parse(address, port, &bits)
        let result = clinux_udp_open(&bits)
        if result >= 0 { return result }
        switch -result {
        case EADDRINUSE: return nil
        case EADDRNOTAVAIL:
            throw MediaError(
                .addressUnavailable, "The media address \(address) is not an address of this machine.",
                errorNumber: -result)
        case EMFILE, ENFILE:
            throw MediaError(
                .system, "No file descriptors are left for media sockets; raise the limit (ulimit -n).",
                errorNumber: -result)
        default:
            throw MediaError(
                .system, "Binding UDP \(address):\(port) failed: \(String(cString: strerror(-result))).",
                errorNumber: -result)
        }
    }
}
