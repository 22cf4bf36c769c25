import TestSupport
import Testing

/// What Wireshark says of a demo's packets, picked out of a capture by the ports that the demo names.
struct DemoPackets {
    private let capture: PacketCapture
    private let screen: Screen
    private let callee: UInt16
    private let agent: UInt16

    init(_ capture: PacketCapture, _ screen: Screen) throws {
        self.capture = capture
        self.screen = screen
        let ports = try #require(
            screen.words.firstMatch(of: #/callee at sip:127\.0\.0\.1:(\d+), agent at sip:127\.0\.0\.1:(\d+),/#))
        callee = try #require(UInt16(ports.1))
        agent = try #require(UInt16(ports.2))
    }

    func check() async throws {
        let messages = try await capture.messages().filter {
            Set([$0.sourcePort, $0.destinationPort]) == [callee, agent]
        }
        #expect(messages.filter { $0.sourcePort == agent }.map(\.summary) == ["INVITE", "ACK", "BYE"], "\(messages)")
        #expect(
            messages.filter { $0.sourcePort == callee && $0.status != 100 }.map(\.summary)
                == ["180 INVITE", "200 INVITE", "200 BYE"], "\(messages)")
        // Offer and answer, each with the port of its sender's audio.
        let descriptions = try await capture.fields(
            ["udp.srcport", "sdp.media.port"], where: "sdp && udp.port == \(callee) && udp.port == \(agent)")
        try #require(descriptions.count == 2, "\(descriptions)")
        #expect(descriptions.map { $0[1] } == ["\(agent)", "\(callee)"])
        let agentMedia = try #require(UInt16(descriptions[0][2]))
        let calleeMedia = try #require(UInt16(descriptions[1][2]))

        // RTCP has the port of RTP (RFC 5761), or the next one.
        let ours =
            "(udp.port == \(callee) && udp.port == \(agent) || udp.port in {\(agentMedia), \(agentMedia + 1)}"
            + " && udp.port in {\(calleeMedia), \(calleeMedia + 1)})"
        #expect(
            try await capture.fields(
                ["_ws.col.Protocol", "_ws.expert.message", "_ws.col.Info"],
                where: "\(ours) && (_ws.malformed || _ws.expert.severity == \"Error\")") == [])
        #expect(
            try await capture.fields(
                ["udp.srcport", "udp.dstport", "_ws.col.Protocol"],
                where: "\(ours) && !icmp && !sip && !rtp && !rtcp") == [])
        try await checkMedia(from: agentMedia, to: calleeMedia, figure: "sent")
        try await checkMedia(from: calleeMedia, to: agentMedia, figure: "received")
    }

    /// - Parameter figure: How the demo's table names the packets of this direction.
    private func checkMedia(from source: UInt16, to destination: UInt16, figure: String) async throws {
        let path = "udp.srcport == \(source) && udp.dstport == \(destination)"
        let packets = try await capture.fields(
            ["rtp.seq", "rtp.ssrc"], where: "\(path) && rtp && rtp.version == 2 && rtp.p_type == 0 && udp.length == 180"
        )
        #expect(packets.count > 1_000, "\(packets.count) packets from \(source)")
        #expect(Set(packets.map { $0[2] }).count == 1)
        let numbers = packets.compactMap { UInt16($0[1]) }
        #expect(zip(numbers, numbers.dropFirst()).allSatisfy { $1 == $0 &+ 1 })
        let table = try #require(screen.words.firstMatch(of: #/packets (\d+) sent, (\d+) received, 0 lost/#))
        let claimed = try #require(Int(figure == "sent" ? table.1 : table.2))
        // The last ones cross the BYE.
        #expect(abs(claimed - packets.count) <= 10, "\(claimed) \(figure), \(packets.count) captured")
        let control = "udp.srcport in {\(source), \(source + 1)} && udp.dstport in {\(destination), \(destination + 1)}"
        #expect(try await capture.count(where: "\(control) && rtcp.pt == 200 && rtcp.sdes.type == 1") >= 3)
        #expect(try await capture.count(where: "\(control) && rtcp.pt == 203") >= 1, "no RTCP BYE")
    }
}
