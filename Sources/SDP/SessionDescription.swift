/// A session description: what one side can send and receive, and where (RFC 8866).
public struct SessionDescription: Hashable, Sendable {
    /// `o=`
    public var origin: Origin
    /// `s=`; `-` when there is none.
    public var name: String
    /// `i=`
    public var information: String?
    /// `u=`
    public var uri: String?
    /// `e=`
    public var emailAddresses: [String] = []
    /// `p=`
    public var phoneNumbers: [String] = []
    /// `c=`; holds for each medium that has none of its own.
    public var connection: ConnectionData?
    /// `b=`, as sent.
    public var bandwidths: [String] = []
    /// `t=` with its `r=` lines.
    public var times: [TimeDescription]
    /// `z=`, as sent.
    public var timeZones: String?
    /// `k=`, as sent; obsolete.
    public var key: String?
    /// `a=` before the first `m=`, in order, unknown ones included.
    public var attributes: [Attribute] = []
    /// `m=`
    public var media: [MediaDescription] = []

    /// Longest text that is read: what a SIP message may hold. [bytes]
    public static let maximumByteCount = 65_536

    public init(
        origin: Origin, name: String = "-", connection: ConnectionData? = nil,
        times: [TimeDescription] = [TimeDescription()], attributes: [Attribute] = [], media: [MediaDescription] = []
    ) {
        self.origin = origin
        self.name = name
        self.connection = connection
        self.times = times
        self.attributes = attributes
        self.media = media
    }

    /// Where a medium is received: its own `c=` line, else the session's.
    public func connection(of medium: MediaDescription) -> ConnectionData? {
        medium.connections.first ?? connection
    }

    /// A medium's direction: its own, else the session's, else both ways (RFC 8866 §6.7).
    public func direction(of medium: MediaDescription) -> MediaDirection {
        medium.direction ?? attributes.direction ?? .sendReceive
    }
}

// MARK: - Writing

extension SessionDescription: CustomStringConvertible {
    /// The text, each line ended by CR LF, in the order of RFC 8866 §9.
    ///
    /// Line ends within values, which would forge lines, are written as spaces.
    public var description: String {
        var text = ""
        func write(_ type: Character, _ value: String?) {
            guard let value else { return }
            let line = String(
                String.UnicodeScalarView(
                    value.unicodeScalars.map { $0 == "\r" || $0 == "\n" || $0 == "\0" ? " " : $0 }))
            text += "\(type)=\(line)\r\n"
        }
        func write(_ attributes: [Attribute]) {
            for attribute in attributes {
                write("a", attribute.name + (attribute.value.map { ":" + $0 } ?? ""))
            }
        }
        write("v", "0")
        write("o", origin.text)
        write("s", name.isEmpty ? "-" : name)
        write("i", information)
        write("u", uri)
        for address in emailAddresses { write("e", address) }
        for number in phoneNumbers { write("p", number) }
        write("c", connection?.text)
        for bandwidth in bandwidths { write("b", bandwidth) }
        for time in times {
            write("t", time.bounds)
            for rule in time.repeats { write("r", rule) }
        }
        write("z", timeZones)
        write("k", key)
        write(attributes)
        for medium in media {
            write("m", medium.text)
            write("i", medium.title)
            for connection in medium.connections { write("c", connection.text) }
            for bandwidth in medium.bandwidths { write("b", bandwidth) }
            write("k", medium.key)
            write(medium.attributes)
        }
        return text
    }

    /// The text as UTF-8.
    public var bytes: [UInt8] { Array(description.utf8) }
}
