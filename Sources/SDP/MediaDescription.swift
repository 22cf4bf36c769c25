/// An `m=` line and the lines after it, up to the next (RFC 8866 §5.14).
public struct MediaDescription: Hashable, Sendable {
    /// `audio`, `video`, `image`, `application`, …; compared as sent.
    public var media: String
    /// 0 refuses the line (RFC 3264 §6).
    public var port: UInt16
    /// The number of port pairs after the port's slash, if there is one.
    public var portCount: Int?
    /// The transport: `RTP/AVP`, `RTP/SAVP`, `udptl`, …
    public var transport: String
    /// Payload types or other formats, the preferred one first.
    public var formats: [String]
    /// `i=`
    public var title: String?
    /// `c=`; several for a layered multicast stream.
    public var connections: [ConnectionData] = []
    /// `b=`, as sent.
    public var bandwidths: [String] = []
    /// `k=`, as sent; obsolete.
    public var key: String?
    /// `a=`, in order, unknown ones included.
    public var attributes: [Attribute] = []

    public init(
        media: String, port: UInt16, portCount: Int? = nil, transport: String = "RTP/AVP", formats: [String],
        attributes: [Attribute] = []
    ) {
        self.media = media
        self.port = port
        self.portCount = portCount
        self.transport = transport
        self.formats = formats
        self.attributes = attributes
    }

    /// `audio 49170/2 RTP/AVP 0 8 101`. No format at all, as refused lines have at times, is accepted.
    init?(parsing value: String) {
        let parts = value.split(separator: " ")
        guard parts.count >= 3 else { return nil }
        let ports = parts[1].split(separator: "/", omittingEmptySubsequences: false)
        guard ports.count <= 2, let port = ports.first.flatMap({ UInt16($0) }) else { return nil }
        var portCount: Int?
        if ports.count == 2 {
            guard let count = Int(ports[1]), (1...65_536).contains(count) else { return nil }
            portCount = count
        }
        self.init(
            media: String(parts[0]), port: port, portCount: portCount, transport: String(parts[2]),
            formats: parts.dropFirst(3).map { String($0) })
    }

    var text: String {
        let ports = portCount.map { "\(port)/\($0)" } ?? "\(port)"
        return ([media, ports, transport] + (formats.isEmpty ? ["0"] : formats)).joined(separator: " ")
    }
}

// MARK: - Attributes

extension MediaDescription {
    /// Every `a=rtpmap` that can be read.
    public var rtpMaps: [RTPMap] {
        attributes.values("rtpmap").compactMap { RTPMap(parsing: $0) }
    }

    /// What a payload type stands for: its `a=rtpmap`, else its static assignment (RFC 3551 §6).
    public func rtpMap(payloadType: UInt8) -> RTPMap? {
        rtpMaps.first { $0.payloadType == payloadType } ?? RTPMap.assigned(payloadType)
    }

    /// The payload types of the `m=` line that have a meaning, with it, in order of preference.
    public var payloads: [RTPMap] {
        let maps = Dictionary(rtpMaps.map { ($0.payloadType, $0) }) { first, _ in first }
        return formats.compactMap { format in
            guard let number = UInt8(format), number < 128 else { return nil }
            return maps[number] ?? RTPMap.assigned(number)
        }
    }

    /// The parameters of `a=fmtp` for a format.
    public func formatParameters(of format: String) -> String? {
        for value in attributes.values("fmtp") {
            let parts = value.split(separator: " ", maxSplits: 1)
            if parts.count == 2, parts[0] == format { return String(parts[1]) }
        }
        return nil
    }

    /// `a=ptime`: how much audio a packet should hold. [ms]
    public var packetTime: Int? { Self.milliseconds(attributes.value("ptime")) }

    /// `a=maxptime`: how much audio a packet may hold at most. [ms]
    public var maximumPacketTime: Int? { Self.milliseconds(attributes.value("maxptime")) }

    /// The direction that this line states itself; the session's holds where there is none.
    public var direction: MediaDirection? { attributes.direction }

    /// `a=rtcp-mux`: RTP and RTCP may share a port (RFC 5761 §5.1.1).
    public var hasRTCPMux: Bool { attributes.hasProperty("rtcp-mux") }

    /// `a=rtcp`: where RTCP is received when not at the port after RTP's (RFC 3605 §2.1).
    public var rtcp: (port: UInt16, connection: ConnectionData?)? {
        guard let parts = attributes.value("rtcp")?.split(separator: " ", maxSplits: 1),
            let port = parts.first.flatMap({ UInt16($0) })
        else { return nil }
        return (port, parts.count == 2 ? ConnectionData(parsing: String(parts[1])) : nil)
    }

    /// The values of `a=crypto` lines (RFC 4568), as sent.
    public var cryptos: [String] { attributes.values("crypto") }

    /// Some devices write fractions of a millisecond; they are cut off.
    private static func milliseconds(_ value: String?) -> Int? {
        guard let digits = value?.drop(while: { $0 == " " }).prefix(while: { $0.isASCII && $0.isNumber }) else {
            return nil
        }
        return Int(digits).flatMap { (1...1_000).contains($0) ? $0 : nil }
    }
}
