import Foundation
import MediaEngine
import Telephony
import TestSupport
import Testing

extension Strangers {
    /// Without the right to capture these tests fail, unless `MOONLINE_WITHOUT_CAPTURE` is set: what was not looked at is
    /// not known to be right.
    @Suite(
        "tshark reads our packets",
        .enabled(
            if: ProcessInfo.processInfo.environment["MOONLINE_WITHOUT_CAPTURE"] == nil,
            "MOONLINE_WITHOUT_CAPTURE is set: nobody looks at the packets"))
    struct CaptureTests {
        @Test(
            "a call between two of our own telephones, with a transfer, has no malformed frame", .timeLimit(.minutes(1))
        )
        func wholeCall() async throws {
            var called = Phone.Configuration()
            called.mediaPorts = 27_000...27_199
            called.reception = .say(Tone.samples(frequency: 440, seconds: 5))
            var calling = Phone.Configuration()
            calling.mediaPorts = 27_200...27_399
            try await Phone.with(called) { [calling] called in
                try await Phone.with(calling) { calling in
                    let capture = try await PacketCapture.start(
                        filter: "udp and (port \(called.port) or port \(calling.port) or portrange 27000-27399)")
                    try await converse(calling, called)
                    // The last BYE and the last RTCP leave with the shutdown.
                    await calling.agent.shutDown()
                    await called.agent.shutDown()
                    calling.engine.shutdown()
                    called.engine.shutdown()
                    try await capture.stop()
                    try await check(capture, calling: calling.port, called: called.port)
                }
            }
        }

        @Test("a packet that is shorter than its header says is found", .timeLimit(.minutes(1)))
        func brokenPacket() async throws {
            // INVITE, 200, an RTP packet of 12 bytes that promises 15 contributing sources, and a good one.
            let capture = PacketCapture(file: Fixture.path("broken_rtp.pcap"))
            let malformed = try await capture.malformedFrames()
            #expect(malformed.count == 1)
            #expect(malformed.first?.hasPrefix("3 | RTP | Malformed Packet") == true, "\(malformed)")
            #expect(try await capture.messages().map(\.summary) == ["INVITE", "200 INVITE"])
            #expect(try await capture.count(where: "rtp") == 2)
        }

        private func converse(_ calling: Phone, _ called: Phone) async throws {
            let call = try await calling.call(port: called.port)
            try await call.answered()
            // Five seconds: the first RTCP interval is over after at most 3.1 (RFC 3550 §6.3.1).
            call.say(Tone.samples(frequency: 1_000, seconds: 5))
            call.phoneCall.value?.media.sendDigits("5#")
            try await call.said()
            #expect(Tone.isHeard(440, in: call.samples, forSeconds: 4))
            let other = try #require(called.incoming.value.first)
            #expect(Tone.isHeard(1_000, in: other.samples, forSeconds: 4))
            try call.phoneCall.value?.transfer(to: "tel:+15105550199")
            try await other.event("the request to transfer") { $0 == .transferRequested(to: "tel:+15105550199") }
            other.phoneCall.value?.acceptTransfer()
            other.phoneCall.value?.reportTransfer(status: 200, reason: "OK")
            try await call.event("the end of the transfer") { $0 == .transferEnded(status: 200, reason: "OK") }
            call.hangUp()
            #expect(try await other.last() == .ended(byRemote: true, reason: "Normal call clearing"))
        }

        private func check(_ capture: PacketCapture, calling: UInt16, called: UInt16) async throws {
            #expect(try await capture.malformedFrames() == [])
            #expect(try await capture.foreignFrames() == [])
            let messages = try await capture.messages()
            let ours = Self.summaries(messages, from: calling)
            let theirs = Self.summaries(messages, from: called)
            #expect(ours == ["INVITE", "ACK", "REFER", "200 NOTIFY", "200 NOTIFY", "BYE"], "\(messages)")
            #expect(
                theirs.filter { $0 != "100 INVITE" }
                    == ["180 INVITE", "200 INVITE", "202 REFER", "NOTIFY", "NOTIFY", "200 BYE"], "\(messages)")
            let targets = try await capture.fields(["sip.Refer-To"], where: "sip.Method == \"REFER\"")
            #expect(targets.map { $0[1] } == ["<tel:+15105550199>"])
            // Both descriptions were read to their last line.
            #expect(try await capture.count(where: "sdp.media.proto == \"RTP/AVP\" && sdp.media.format == \"0\"") == 2)
            for first in [27_000, 27_200] {
                let from = "udp.srcport >= \(first) && udp.srcport < \(first + 200)"
                #expect(try await capture.count(where: "\(from) && rtp && rtp.p_type == 0 && rtp.version == 2") > 200)
                #expect(try await capture.count(where: "\(from) && rtcp.pt == 200 && rtcp.sdes.type == 1") >= 1)
                #expect(try await capture.count(where: "\(from) && rtcp.pt == 203") >= 1, "no RTCP BYE")
            }
            #expect(try await capture.count(where: "rtpevent.event_id == 5 && rtpevent.end_of_event == 1") == 3)
            #expect(try await capture.count(where: "rtpevent.event_id == 11 && rtpevent.end_of_event == 1") == 3)
        }

        /// What left a port, in order; what was sent again stands once.
        private static func summaries(_ messages: [PacketCapture.Message], from port: UInt16) -> [String] {
            var seen: Set<String> = []
            return messages.filter { message in
                message.sourcePort == port && seen.insert("\(message.sequence) \(message.summary)").inserted
            }.map(\.summary)
        }
    }
}
