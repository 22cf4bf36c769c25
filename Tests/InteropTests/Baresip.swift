import Audio
import Foundation
import TestSupport

/// baresip as a telephone that answers by itself, plays a recording, and keeps what it hears.
final class Baresip: Sendable {
    static let user = "callee"

    let port: UInt16
    private let program: ExternalProgram
    private let folder: TemporaryFolder

    private init(port: UInt16, program: ExternalProgram, folder: TemporaryFolder) {
        self.port = port
        self.program = program
        self.folder = folder
    }

    /// Starts baresip, and waits until it listens.
    ///
    /// - Parameters:
    ///   - codec: The only one that it offers and takes: `PCMU` or `PCMA`.
    ///   - recording: What it plays into each call: 8 kHz. It hangs up at the end.
    static func start(codec: String, playing recording: [Int16]) async throws -> Baresip {
        let folder = try TemporaryFolder("baresip")
        let port = Loopback.freeUDPPort()
        try folder.write(WAVFile(sampleRate: G711.sampleRate, samples: recording).bytes, to: "speech.wav")
        try folder.write(configuration(port: port, folder: folder, modules: try moduleFolder()), to: "config")
        try folder.write(
            "<sip:\(user)@\(Loopback.host):\(port)>;regint=0;answermode=auto;audio_codecs=\(codec)/8000/1\n",
            to: "accounts")
        try folder.write("", to: "contacts")
        let program = try ExternalProgram("baresip", ["-4", "-f", folder.path, "-t", "50"], folder: folder.path)
        try await program.waitForOutput(containing: "baresip is ready")
        return Baresip(port: port, program: program, folder: folder)
    }

    var output: String { program.output }

    /// What calls it: its account's user, whom a telephone number does not name.
    static func target(port: UInt16) -> String { "sip:\(user)@\(Loopback.host):\(port)" }

    /// Waits until the call is over on baresip's side too, and its recordings are complete.
    ///
    /// - Returns: What baresip heard.
    func heard() async throws -> [Int16] {
        try await program.waitForOutput(containing: "terminated (duration")
        program.signal(SIGTERM)
        let result = try await program.waitUntilExit(limit: .seconds(10))
        guard let name = try folder.names.first(where: { $0.hasPrefix("dump-") && $0.hasSuffix("-dec.wav") }) else {
            throw NotSeen(description: "baresip recorded nothing: \(result)")
        }
        return try WAVFile(contentsOf: folder.file(name)).mono
    }

    private static func moduleFolder() throws -> String {
        let folders = ["/usr/lib/baresip/modules", "/usr/local/lib/baresip/modules"]
        guard let folder = folders.first(where: { FileManager.default.fileExists(atPath: $0 + "/sndfile.so") }) else {
            throw ExternalProgram.Missing("baresip (its module sndfile)")
        }
        return folder
    }

    /// `aubridge` stands for a loudspeaker, `sndfile` keeps what was decoded.
    private static func configuration(port: UInt16, folder: TemporaryFolder, modules: String) -> String {
        """
        poll_method epoll
        sip_listen \(Loopback.host):\(port)
        net_interface \(Loopback.host)
        call_local_timeout 30
        call_max_calls 4
        audio_player aubridge,loudspeaker
        audio_source aufile,\(folder.file("speech.wav"))
        audio_alert aubridge,alert
        ausrc_srate 8000
        auplay_srate 8000
        ausrc_channels 1
        auplay_channels 1
        audio_txmode thread
        audio_level no
        rtp_tos 0
        rtp_ports 10000-15998
        rtcp_mux no
        jitter_buffer_delay 1-10
        rtp_stats no
        module_path \(modules)
        module g711.so
        module sndfile.so
        module aufile.so
        module aubridge.so
        module_app account.so
        module_app menu.so
        snd_path \(folder.path)

        """
    }
}
