public import SansIO

/// A SIP trunk for outgoing calls: LiveKit's `SIPOutboundTrunkInfo`.
public struct OutboundTrunk: Sendable, Equatable {
    public enum Transport: Int, Sendable, CaseIterable {
        case auto, udp, tcp, tls
    }

    /// `ST_…`; empty in a request.
    public var id = ""
    public var name = ""
    public var metadata = ""
    /// `host` or `host:port`, without scheme.
    public var address = ""
    public var transport = Transport.auto
    /// The numbers to call from.
    public var numbers: [String] = []
    public var authUsername = ""
    /// Never written into a response. LiveKit's own server does write it; ours does not, so that whoever may list
    /// trunks can't read their passwords.
    public var authPassword: Secret?
    /// Header fields for every INVITE.
    public var headers: [String: String] = [:]
    /// SIP header → participant attribute.
    public var headersToAttributes: [String: String] = [:]
    /// Participant attribute → SIP header.
    public var attributesToHeaders: [String: String] = [:]
    public var destinationCountry = ""
    /// The host of the From header where it is not our own.
    public var fromHost = ""

    public init() {}

    private static let transportNames = [
        "SIP_TRANSPORT_AUTO", "SIP_TRANSPORT_UDP", "SIP_TRANSPORT_TCP", "SIP_TRANSPORT_TLS",
    ]
    private static let encryptionNames = [
        "SIP_MEDIA_ENCRYPT_DISABLE", "SIP_MEDIA_ENCRYPT_ALLOW", "SIP_MEDIA_ENCRYPT_REQUIRE",
    ]

    init(reading reader: ProtoJSONReader) throws(TwirpError) {
        id = try reader.string("sip_trunk_id")
        name = try reader.string("name")
        metadata = try reader.string("metadata")
        address = try reader.string("address")
        transport =
            Transport(rawValue: try reader.enumeration("transport", names: OutboundTrunk.transportNames)) ?? .auto
        numbers = try reader.strings("numbers")
        authUsername = try reader.string("auth_username")
        let password = try reader.string("auth_password")
        authPassword = password.isEmpty ? nil : Secret(password)
        headers = try reader.map("headers")
        headersToAttributes = try reader.map("headers_to_attributes")
        attributesToHeaders = try reader.map("attributes_to_headers")
        destinationCountry = try reader.string("destination_country")
        fromHost = try reader.string("from_host")
        let encryption = [
            try reader.enumeration("media_encryption", names: OutboundTrunk.encryptionNames),
            try reader.message("media")?.enumeration("encryption", names: OutboundTrunk.encryptionNames) ?? 0,
        ]
        if encryption.contains(2) {
            throw TwirpError(
                .invalidArgument, "media encryption cannot be required: calls are not encrypted yet",
                meta: ["argument": "media_encryption"])
        }
    }

    /// Refuses what no call could be placed with.
    func validate() throws(TwirpError) {
        func invalid(_ argument: String, _ reason: String) -> TwirpError {
            TwirpError(.invalidArgument, reason, meta: ["argument": argument])
        }
        guard !address.isEmpty else { throw invalid("address", "the trunk needs an address: host or host:port") }
        guard OutboundTrunk.isHost(address, mayHavePort: true) else {
            throw invalid(
                "address",
                "the trunk's address “\(address)” is no host or host:port; write it without \"sip:\" and user")
        }
        guard fromHost.isEmpty || OutboundTrunk.isHost(fromHost, mayHavePort: false) else {
            throw invalid("from_host", "the trunk's from_host “\(fromHost)” is no host")
        }
        guard !numbers.isEmpty else { throw invalid("numbers", "the trunk needs at least one number to call from") }
        guard authUsername.isEmpty == (authPassword == nil) else {
            throw invalid("auth_password", "the trunk needs a user name and a password, or neither")
        }
        for (name, value) in headers where (name + value).utf8.contains(where: { $0 < 0x20 || $0 == 0x7F }) {
            throw invalid("headers", "a header of the trunk holds a control character")
        }
    }

    /// Whether the text is a host name or an address, IPv6 in brackets (RFC 3261 §25.1, `hostport`).
    private static func isHost(_ text: String, mayHavePort: Bool) -> Bool {
        var host = text.utf8[...]
        let colon = UInt8(ascii: ":")
        let afterBracket = host.lastIndex(of: UInt8(ascii: "]")).map { host.index(after: $0) }
        if let end = host[(afterBracket ?? host.startIndex)...].firstIndex(of: colon) {
            let port = host[host.index(after: end)...]
            guard mayHavePort, port.count <= 5,
                port.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }),
                let number = UInt16(String(decoding: port, as: UTF8.self)), number > 0
            else { return false }
            host = host[..<end]
        }
        if host.first == UInt8(ascii: "["), host.last == UInt8(ascii: "]") {
            host = host.dropFirst().dropLast()
            return host.contains(colon)
                && host.allSatisfy { Character(UnicodeScalar($0)).isHexDigit || $0 == colon || $0 == UInt8(ascii: ".") }
        }
        return !host.isEmpty
            && host.allSatisfy { byte in
                let character = Character(UnicodeScalar(byte))
                return character.isASCII && (character.isLetter || character.isNumber || "-._".contains(character))
            }
    }

    /// The message for a response: without password.
    public var json: JSON { fields.json }

    /// The message for a request to another server: with password.
    var jsonWithPassword: JSON {
        var writer = fields
        writer.add("authPassword", authPassword?.revealed ?? "")
        return writer.json
    }

    private var fields: ProtoJSONWriter {
        var writer = ProtoJSONWriter()
        writer.add("sipTrunkId", id)
        writer.add("name", name)
        writer.add("metadata", metadata)
        writer.add("address", address)
        writer.add("transport", enumeration: transport.rawValue, names: OutboundTrunk.transportNames)
        writer.add("numbers", numbers)
        writer.add("authUsername", authUsername)
        writer.add("headers", headers)
        writer.add("headersToAttributes", headersToAttributes)
        writer.add("attributesToHeaders", attributesToHeaders)
        writer.add("destinationCountry", destinationCountry)
        writer.add("fromHost", fromHost)
        return writer
    }
}
