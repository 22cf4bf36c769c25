import AgentHost
import ArgumentParser
import Conversation
import Logging
import MediaEngine
import Telephony
import Testing
import VoiceAgent

@testable import moonline

@Suite("What a host is configured by")
struct HostOptionsTests {
    func configuration(_ environment: [String: String], _ arguments: [String] = []) throws -> HostConfiguration {
        try HostOptions.parse(arguments).configuration(Settings(environment: environment, folder: "/nonexistent"))
    }

    @Test("without a key the start is refused with both ways out")
    func noKey() {
        #expect {
            try configuration([:])
        } throws: {
            "\($0)" == "OPENAI_API_KEY is not set. Put it into the environment or into .env; without a key, run "
                + "`moonline offline-model` and set OPENAI_BASE_URL to the address that it prints."
        }
    }

    @Test("a server of one's own needs no key")
    func ownServer() throws {
        let configuration = try configuration(["OPENAI_BASE_URL": "http://127.0.0.1:8089/v1"])
        #expect(configuration.model.baseURL == "http://127.0.0.1:8089/v1")
        #expect(!configuration.model.apiKey.isEmpty)
    }

    @Test("a host whose pipelines have servers of their own starts without a key")
    func ownEndpoints() throws {
        let configuration = try configuration(["MOONLINE_ENDPOINTS": "house=http://127.0.0.1:8089/v1"])
        #expect(configuration.model.apiKey.isEmpty)
        #expect(configuration.model.baseURL == RealtimeConfiguration.openAI)
        #expect(configuration.pipeline.endpoints.keys.sorted() == ["house"])
    }

    @Test("each setting comes from its variable, and a flag wins")
    func settings() throws {
        let environment = [
            "OPENAI_API_KEY": "sk", "OPENAI_REALTIME_MODEL": "some-model", "OPENAI_TRANSCRIPTION_MODEL": "whisper",
            "MOONLINE_SCRIPTS": "/s", "MOONLINE_DATA": "/d", "MOONLINE_SIP_PORT": "5070",
            "MOONLINE_BIND_ADDRESS": "192.0.2.7", "MOONLINE_PUBLIC_ADDRESS": "198.51.100.7",
            "MOONLINE_RTP_PORTS": "20000-20100", "MOONLINE_MAX_CALLS": "3", "SIP_OUTBOUND_TRUNK_ID": "ST_1",
        ]
        let configuration = try configuration(environment)
        #expect(configuration.model.apiKey == "sk")
        #expect(configuration.model.model == "some-model")
        #expect(configuration.modelOptions.transcriptionModel == "whisper")
        #expect(configuration.flowsFolder == "/s/flows")
        #expect(configuration.dataFolder == "/d")
        #expect(configuration.telephony.port == 5070)
        #expect(configuration.telephony.bindAddress == "192.0.2.7")
        #expect(configuration.media.bindAddress == "192.0.2.7")
        #expect(configuration.telephony.publicAddress == "198.51.100.7")
        #expect(configuration.media.ports == 20_000...20_100)
        #expect(configuration.maximumCalls == 3)
        #expect(configuration.telephony.maximumCalls >= 3)
        #expect(configuration.defaultTrunkID == "ST_1")
        let flagged = try self.configuration(environment, ["--scripts", "x", "--data", "y"])
        #expect(flagged.flowsFolder == "x/flows")
        #expect(flagged.dataFolder == "y")
        let plain = try self.configuration(["OPENAI_API_KEY": "sk"])
        #expect(plain.flowsFolder == "scripts/flows")
        #expect(plain.dataFolder == ".moonline")
        #expect(plain.telephony.port == 5060)
    }

    @Test(
        "a setting that cannot be used stops the start with its name and value",
        arguments: [
            ("MOONLINE_SIP_PORT", "sixty", "MOONLINE_SIP_PORT=sixty is not a whole number from 0 to 65535."),
            ("MOONLINE_MAX_CALLS", "0", "MOONLINE_MAX_CALLS=0 is not a whole number from 1 to 10000."),
            ("MOONLINE_RTP_PORTS", "9", "MOONLINE_RTP_PORTS=9 is not a range of ports. Write it like 16384-32766."),
        ])
    func unusable(_ name: String, _ value: String, _ message: String) {
        #expect {
            try configuration(["OPENAI_API_KEY": "sk", name: value])
        } throws: { "\($0)" == message }
    }

    @Test("the user agent carries as many calls as the host may, and those that are ending")
    func manyCalls() throws {
        let configuration = try configuration(["OPENAI_API_KEY": "sk", "MOONLINE_MAX_CALLS": "4000"])
        #expect(configuration.maximumCalls == 4_000)
        #expect(configuration.telephony.maximumCalls == 8_000)
    }

    @Test("the log level is the flag's, else the variable's, else the command's; an unknown one is told")
    func logLevel() throws {
        func level(_ environment: [String: String], _ arguments: [String] = []) throws -> Logger.Level {
            let settings = try Settings(environment: environment, folder: "/nonexistent")
            return try CommonOptions.parse(arguments).logger(settings, default: .warning).logLevel
        }
        #expect(try level([:]) == .warning)
        #expect(try level(["MOONLINE_LOG_LEVEL": "debug"]) == .debug)
        #expect(try level(["MOONLINE_LOG_LEVEL": "debug"], ["--log-level", "error"]) == .error)
        #expect {
            try level(["MOONLINE_LOG_LEVEL": "loud"])
        } throws: {
            "\($0)"
                == "MOONLINE_LOG_LEVEL=loud is no log level. Use trace, debug, info, notice, warning or error."
        }
    }

    @Test("a data folder is offered only where it has an effect", arguments: ["demo", "offline-model"])
    func noDataFolder(_ command: String) {
        #expect(throws: (any Error).self) { try Moonline.parseAsRoot([command, "--data", "x"]) }
        #expect(throws: Never.self) { try Moonline.parseAsRoot([command, "--scripts", "x", "--log-level", "debug"]) }
    }
}
