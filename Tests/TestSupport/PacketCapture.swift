import Foundation

/// Wireshark's eye on what goes over the loopback interface: dumpcap takes the packets, tshark reads them.
public final class PacketCapture: Sendable {
    /// A SIP message as tshark reads it.
    public struct Message: Sendable, Hashable, CustomStringConvertible {
        public let frame: Int
        public let sourcePort: UInt16
        public let destinationPort: UInt16
        /// Of the request line; `nil` in a response.
        public let method: String?
        /// Of the status line; `nil` in a request.
        public let status: Int?
        /// The number of the CSeq header; a message that is sent again has the same.
        public let sequence: Int
        /// The method of the CSeq header.
        public let sequenceMethod: String

        /// `INVITE`, or `200 INVITE` for its response.
        public var summary: String { method ?? "\(status ?? 0) \(sequenceMethod)" }
        public var description: String { "\(frame): \(sourcePort) → \(destinationPort) \(summary)" }
    }

    public struct Failure: Error, CustomStringConvertible {
        public let description: String
    }

    /// The captured packets; removed with the capture when it was started here.
    public let file: String
    private let folder: TemporaryFolder?
    private let program: ExternalProgram?

    /// Reads a capture that exists.
    public init(file: String) {
        self.file = file
        folder = nil
        program = nil
    }

    private init(folder: TemporaryFolder, program: ExternalProgram, file: String) {
        self.folder = folder
        self.program = program
        self.file = file
    }

    /// Begins to capture on the loopback interface; returns when the interface is open.
    ///
    /// - Parameter filter: In libpcap's language (`pcap-filter(7)`), for example `udp and portrange 16384-16500`.
    /// - Throws: ``Failure`` when the system lets this user not capture, ``ExternalProgram/Missing`` without dumpcap.
    public static func start(filter: String) async throws -> PacketCapture {
        let folder = try TemporaryFolder("capture")
        let file = folder.file("loopback.pcapng")
        let program = try ExternalProgram(
            "dumpcap", ["-i", "lo", "-q", "-f", filter, "-w", file, "-a", "duration:300"], folder: folder.path)
        do {
            // dumpcap names the file once the interface is open.
            try await program.waitForOutput(containing: "File: ")
        } catch {
            throw Failure(
                description: "Packets of the loopback interface cannot be captured; it takes root, or membership of "
                    + "the group wireshark. dumpcap says: \(program.output)")
        }
        return PacketCapture(folder: folder, program: program, file: file)
    }

    /// Ends the capture; the file is complete.
    public func stop() async throws {
        guard let program else { return }
        // The kernel hands packets over in blocks; dumpcap asks for them every 250 ms, and not after the signal.
        try await ContinuousClock().sleep(for: .milliseconds(600))
        program.signal(SIGINT)
        let result = try await program.waitUntilExit(limit: .seconds(15))
        guard result.status == 0 else { throw Failure(description: "dumpcap failed: \(result)") }
    }

    // MARK: Reading

    /// The values of some fields in the frames that a display filter admits.
    ///
    /// - Parameters:
    ///   - names: Of fields, as `tshark -G fields` lists them; several values of one are joined by commas.
    ///   - filter: In tshark's language (`wireshark-filter(4)`).
    /// - Returns: For each frame its number, then the values.
    /// - Throws: ``Failure`` when tshark refuses names or filter.
    public func fields(_ names: [String], where filter: String) async throws -> [[String]] {
        // Two passes, so that SDP sets RTP and RTCP up before their first packets are read.
        var arguments = ["-n", "-2", "-r", file, "-Y", filter, "-T", "fields", "-E", "separator=/t"]
        for name in ["frame.number"] + names { arguments += ["-e", name] }
        let result = try await ExternalProgram.run("tshark", arguments)
        guard result.status == 0 else { throw Failure(description: "tshark failed: \(result)") }
        // What tshark says about the user it runs as stands between the rows.
        return result.output.split(separator: "\n")
            .map { $0.split(separator: "\t", omittingEmptySubsequences: false).map(String.init) }
            .filter { $0.count == names.count + 1 && Int($0[0]) != nil }
    }

    /// How many frames a display filter admits.
    public func count(where filter: String) async throws -> Int {
        try await fields([], where: filter).count
    }

    /// Frames that tshark finds malformed, or wrong enough for an expert message of severity error: one line each.
    public func malformedFrames() async throws -> [String] {
        try await fields(
            ["_ws.col.Protocol", "_ws.expert.message", "_ws.col.Info"],
            where: "_ws.malformed || _ws.expert.severity == \"Error\""
        ).map { $0.joined(separator: " | ") }
    }

    /// UDP frames that are none of SIP, RTP, and RTCP: one line each.
    public func foreignFrames() async throws -> [String] {
        try await fields(
            ["udp.srcport", "udp.dstport", "_ws.col.Protocol", "_ws.col.Info"],
            where: "udp && !icmp && !sip && !rtp && !rtcp"
        ).map { $0.joined(separator: " | ") }
    }

    /// All SIP messages, in order.
    public func messages() async throws -> [Message] {
        try await fields(
            ["udp.srcport", "udp.dstport", "sip.Method", "sip.Status-Code", "sip.CSeq.seq", "sip.CSeq.method"],
            where: "sip"
        ).map { row in
            Message(
                frame: Int(row[0]) ?? 0, sourcePort: UInt16(row[1]) ?? 0, destinationPort: UInt16(row[2]) ?? 0,
                method: row[4].isEmpty ? row[3] : nil, status: Int(row[4]), sequence: Int(row[5]) ?? 0,
                sequenceMethod: row[6])
        }
    }
}
