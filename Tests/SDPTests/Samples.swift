/// Descriptions as deployed systems send them.
enum Samples {
    /// RFC 8866 §5.
    static let standard = lines(
        "v=0", "o=jdoe 3724394400 3724394405 IN IP4 198.51.100.1", "s=Call to John Smith",
        "i=SDP Offer #1", "u=http://www.jdoe.example.com/home.html", "e=Jane Doe <jane@jdoe.example.com>",
        "p=+1 617 555-6011", "c=IN IP4 198.51.100.1", "t=0 0", "m=audio 49170 RTP/AVP 0",
        "m=audio 49180 RTP/AVP 0", "m=video 51372 RTP/AVP 99", "c=IN IP6 2001:db8::2",
        "a=rtpmap:99 h263-1998/90000")

    /// A carrier's trunk: dynamic order, several codecs, maxptime.
    static let twilio = lines(
        "v=0", "o=root 1409742391 1409742391 IN IP4 172.18.154.69", "s=Twilio Media Gateway",
        "c=IN IP4 168.86.150.12", "t=0 0", "m=audio 14226 RTP/AVP 0 8 101", "a=rtpmap:0 PCMU/8000",
        "a=rtpmap:8 PCMA/8000", "a=rtpmap:101 telephone-event/8000", "a=fmtp:101 0-16", "a=ptime:20",
        "a=maxptime:20", "a=sendrecv")

    /// A PBX: A-law first, events under 101, maxptime 140.
    static let asterisk = lines(
        "v=0", "o=- 1692803441 4 IN IP4 10.0.0.5", "s=Asterisk", "c=IN IP4 10.0.0.5", "t=0 0",
        "m=audio 17812 RTP/AVP 8 0 3 9 101", "a=rtpmap:8 PCMA/8000", "a=rtpmap:0 PCMU/8000",
        "a=rtpmap:3 GSM/8000", "a=rtpmap:9 G722/8000", "a=rtpmap:101 telephone-event/8000", "a=fmtp:101 0-16",
        "a=ptime:20", "a=maxptime:140", "a=sendrecv")

    /// A soft phone: RTCP attributes, events under 96, several clocks, AVPF-like extras.
    static let baresip = lines(
        "v=0", "o=- 2305863009 776523041 IN IP4 127.0.0.1", "s=-", "c=IN IP4 127.0.0.1", "t=0 0",
        "a=tool:baresip 1.0.0", "m=audio 24712 RTP/AVP 95 0 8 96 97", "b=AS:125", "a=rtpmap:95 opus/48000/2",
        "a=fmtp:95 stereo=1;sprop-stereo=1", "a=rtpmap:0 PCMU/8000", "a=rtpmap:8 PCMA/8000",
        "a=rtpmap:96 telephone-event/48000", "a=fmtp:96 0-15", "a=rtpmap:97 telephone-event/8000",
        "a=fmtp:97 0-15", "a=rtcp:24713", "a=sendrecv", "a=label:1", "a=rtcp-rsize",
        "a=ssrc:2637420983 cname:sip:user@example.com", "a=ptime:20")

    /// A browser-like offer: SAVPF audio, video, application.
    static let browser = lines(
        "v=0", "o=- 7614219274584779017 2 IN IP4 127.0.0.1", "s=-", "t=0 0", "a=group:BUNDLE 0 1",
        "m=audio 58779 UDP/TLS/RTP/SAVPF 111 0", "c=IN IP4 192.0.2.2", "a=rtpmap:111 opus/48000/2",
        "m=video 58780 UDP/TLS/RTP/SAVPF 96", "a=rtpmap:96 VP8/90000")

    /// A fax gateway's re-INVITE.
    static let fax = lines(
        "v=0", "o=gw 1 3 IN IP4 192.0.2.9", "s=-", "c=IN IP4 192.0.2.9", "t=0 0", "m=image 4000 udptl t38",
        "a=T38FaxVersion:0", "a=T38MaxBitRate:14400")

    static let all = [standard, twilio, asterisk, baresip, browser, fax]

    static func lines(_ lines: String...) -> String {
        lines.map { $0 + "\r\n" }.joined()
    }

    /// An offer of one audio line.
    static func audio(
        _ formats: String, port: Int = 4_000, transport: String = "RTP/AVP", connection: String? = "192.0.2.1",
        attributes: [String] = []
    ) -> String {
        let head = ["v=0", "o=- 1 1 IN IP4 192.0.2.1", "s=-"] + (connection.map { ["c=IN IP4 \($0)"] } ?? [])
        let all = head + ["t=0 0", "m=audio \(port) \(transport) \(formats)"] + attributes.map { "a=" + $0 }
        return all.map { $0 + "\r\n" }.joined()
    }
}
