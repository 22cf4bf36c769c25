import Audio
import Conversation
import SansIO
import Testing
import VoiceAgent

@Suite("A Realtime transcription session")
struct TranscriptionSessionTests {
    /// A session, the caller's audio, and what went up.
    private struct Bench {
        var session: TranscriptionSession
        var audio: CallerAudio
        var events: [PipelineEvent] = []
        var sent: [JSON] = []
        var outcomes: [TranscriptionSession.Output] = []

        init() throws {
            var provider = SpeechToTextProvider(
                kind: .realtime, endpoint: StageEndpoint(baseURL: "https://stt.example/v1"), model: "scribe")
            provider.language = "en"
            provider.extra = ["prompt": "names", "delay": "minimal"]
            session = TranscriptionSession(provider: provider)
            audio = try CallerAudio()
        }

        mutating func take(_ outputs: [TranscriptionSession.Output]) throws {
            for output in outputs {
                switch output {
                case .send(let bytes): sent.append(try JSON(parsing: bytes))
                case .report(let event): events.append(event)
                case .ready, .refused, .lost: outcomes.append(output)
                }
            }
        }

        mutating func open() throws { try take(session.open(audio)) }
        mutating func begin(_ id: UInt64, _ from: Int) throws { try take(session.begin(id, from: from, audio)) }
        mutating func end(_ id: UInt64, _ range: Range<Int>) throws { try take(session.end(id, range: range, audio)) }
        mutating func drop(_ id: UInt64) throws { try take(session.drop(id, audio)) }
        mutating func receive(_ text: String) throws { try take(session.receive(Array(text.utf8))) }

        /// The caller is heard for a while: byte `n` of all is `n` modulo 251.
        mutating func hear(milliseconds: Int) throws {
            for _ in stride(from: 0, to: milliseconds, by: 20) {
                let start = audio.end * 8
                let bytes = (start..<start + 160).map { UInt8($0 % 251) }
                bytes.withUnsafeBytes { _ = audio.append($0) }
                try take(session.hear(audio))
            }
        }

        mutating func committed(_ item: String) throws {
            try receive(#"{"type":"input_audio_buffer.committed","item_id":"\#(item)","previous_item_id":null}"#)
        }

        mutating func completed(_ item: String, _ words: String) throws {
            try receive(
                #"{"type":"conversation.item.input_audio_transcription.completed","item_id":"\#(item)","content_index":0,"transcript":"\#(words)"}"#
            )
        }

        /// Audio that went up since the last clear or commit, and the types of what else did.
        var uplink: (audio: [UInt8], verbs: [String]) {
            var audio: [UInt8] = []
            var verbs: [String] = []
            for message in sent {
                let type = message["type"]?.string ?? ""
                if type == "input_audio_buffer.append" {
                    audio += Base64.decode((message["audio"]?.string ?? "").utf8) ?? []
                } else {
                    verbs.append(type)
                }
            }
            return (audio, verbs)
        }
    }

    private func bytes(_ range: Range<Int>) -> [UInt8] {
        (range.lowerBound * 8..<range.upperBound * 8).map { UInt8($0 % 251) }
    }

    @Test("The session's settings go first: µ-law, the model, and no turn detection")
    func settings() throws {
        var bench = try Bench()
        try bench.open()
        let session = bench.sent[0]["session"]
        #expect(bench.sent[0]["type"] == "session.update")
        #expect(session?["type"] == "transcription")
        let input = session?["audio"]?["input"]
        #expect(input?["format"] == ["type": "audio/pcmu"])
        #expect(input?["turn_detection"] == .null)
        #expect(
            input?["transcription"]
                == ["model": "scribe", "language": "en", "prompt": "names", "delay": "minimal"])
        try bench.receive(#"{"type":"session.created","session":{"id":"s"}}"#)
        #expect(bench.outcomes == [])
        try bench.receive(#"{"type":"session.updated","session":{"id":"s"}}"#)
        try bench.receive(#"{"type":"session.updated","session":{"id":"s"}}"#)
        #expect(bench.outcomes == [.ready])
    }

    @Test("Only a segment's audio goes up, from its begin, as it comes, up to its end")
    func audio() throws {
        var bench = try Bench()
        try bench.open()
        try bench.hear(milliseconds: 1_000)
        #expect(bench.uplink.audio == [])
        try bench.begin(1, 700)
        #expect(bench.uplink.audio == bytes(700..<1_000))
        try bench.hear(milliseconds: 40)
        #expect(bench.uplink.audio == bytes(700..<1_040))
        try bench.end(1, 700..<1_030)
        try bench.hear(milliseconds: 200)
        #expect(bench.uplink.audio == bytes(700..<1_040))
        #expect(bench.uplink.verbs == ["session.update", "input_audio_buffer.commit"])
        #expect(!bench.session.isIdle)
    }

    @Test("Words come as they are understood, the whole at the end")
    func transcript() throws {
        var bench = try Bench()
        try bench.open()
        try bench.hear(milliseconds: 500)
        try bench.end(9, 0..<500)
        try bench.committed("item_1")
        for delta in ["Good ", "morning"] {
            try bench.receive(
                #"{"type":"conversation.item.input_audio_transcription.delta","item_id":"item_1","delta":"\#(delta)"}"#)
        }
        try bench.completed("item_1", " Good morning. ")
        try bench.completed("item_1", "again")
        #expect(
            bench.events == [
                .transcriptDelta(segment: 9, "Good "), .transcriptDelta(segment: 9, "Good morning"),
                .transcribed(segment: 9, "Good morning."),
            ])
        #expect(bench.session.isIdle)
    }

    @Test("Items are known by the order of commits, however late and mixed up their transcripts come")
    func matching() throws {
        var bench = try Bench()
        try bench.open()
        try bench.hear(milliseconds: 900)
        try bench.end(1, 0..<300)
        try bench.end(2, 300..<600)
        try bench.committed("a")
        try bench.end(3, 600..<900)
        try bench.committed("b")
        try bench.committed("c")
        for (item, words) in [("c", "three"), ("x", "nobody's"), ("a", "one"), ("b", "two")] {
            try bench.completed(item, words)
        }
        #expect(
            bench.events == [
                .transcribed(segment: 3, "three"), .transcribed(segment: 1, "one"), .transcribed(segment: 2, "two"),
            ])
    }

    @Test("A later segment waits until the one before is committed, and has all of its audio then")
    func oneAtATime() throws {
        var bench = try Bench()
        try bench.open()
        try bench.hear(milliseconds: 400)
        try bench.begin(1, 100)
        try bench.begin(2, 350)
        try bench.hear(milliseconds: 200)
        #expect(bench.uplink.audio == bytes(100..<600))
        try bench.end(1, 100..<600)
        #expect(bench.uplink.audio == bytes(100..<600) + bytes(350..<600))
        try bench.end(2, 350..<600)
        #expect(bench.uplink.verbs.count == 3)
    }

    @Test("What is shorter than a server commits is filled up with silence")
    func shortest() throws {
        var bench = try Bench()
        try bench.open()
        try bench.hear(milliseconds: 100)
        try bench.end(1, 40..<80)
        #expect(bench.uplink.audio == bytes(40..<80) + [UInt8](repeating: 0xFF, count: 80 * 8))
    }

    @Test("A dropped segment is cleared if any of it went up, and nothing is said of it if it was committed")
    func drop() throws {
        var bench = try Bench()
        try bench.open()
        try bench.hear(milliseconds: 300)
        try bench.begin(1, 0)
        try bench.begin(2, 100)
        try bench.drop(2)
        #expect(bench.uplink.verbs == ["session.update"])
        try bench.drop(1)
        #expect(bench.uplink.verbs == ["session.update", "input_audio_buffer.clear"])
        try bench.hear(milliseconds: 300)
        #expect(bench.uplink.audio == bytes(0..<300))
        try bench.end(3, 300..<600)
        try bench.end(4, 300..<600)
        try bench.drop(3)
        try bench.committed("a")
        try bench.drop(3)
        try bench.committed("b")
        try bench.completed("a", "dropped")
        try bench.completed("b", "kept")
        #expect(bench.events == [.transcribed(segment: 4, "kept")])
        #expect(bench.session.isIdle)
    }

    @Test("A segment that began before the socket was open goes up when it is")
    func beforeOpen() throws {
        var bench = try Bench()
        try bench.hear(milliseconds: 300)
        try bench.begin(1, 100)
        try bench.hear(milliseconds: 100)
        try bench.end(1, 100..<400)
        #expect(bench.sent.isEmpty)
        try bench.open()
        #expect(bench.uplink.audio == bytes(100..<400))
        #expect(bench.uplink.verbs == ["session.update", "input_audio_buffer.commit"])
    }

    @Test("A socket that closes fails every segment under way, once")
    func close() throws {
        var bench = try Bench()
        try bench.open()
        try bench.hear(milliseconds: 900)
        try bench.end(1, 0..<300)
        try bench.committed("a")
        try bench.end(2, 300..<600)
        try bench.end(3, 300..<600)
        try bench.drop(3)
        try bench.begin(4, 700)
        let failure = bench.session.failure(closeCode: nil, reason: "lost")
        #expect(failure.severity == .retryable)
        try bench.take(bench.session.close(failure))
        #expect(
            bench.events.map { event -> UInt64? in
                if case .transcriptionFailed(let segment, _) = event { segment } else { nil }
            }.sorted { ($0 ?? 0) < ($1 ?? 0) } == [1, 2, 4])
        #expect(bench.session.isIdle)
        try bench.take(bench.session.close(failure))
        #expect(bench.events.count == 3)
        #expect(
            bench.session.failure(closeCode: 3000, reason: "invalid_request_error.invalid_api_key").severity == .fatal)
        #expect(bench.session.failure(closeCode: 1001, reason: "60 minutes").severity == .retryable)
    }

    @Test("Failed transcripts, refused commits, a refused key: each has its own consequence")
    func errors() throws {
        var bench = try Bench()
        try bench.open()
        try bench.hear(milliseconds: 900)
        try bench.end(1, 0..<300)
        try bench.end(2, 0..<300)
        try bench.end(3, 0..<300)
        try bench.receive(
            #"{"type":"error","error":{"type":"invalid_request_error","code":"input_audio_buffer_commit_empty","message":"buffer too small","event_id":"commit_2"}}"#
        )
        try bench.receive(
            #"{"type":"error","error":{"type":"server_error","code":"","message":"sorry","event_id":"commit_3"}}"#)
        try bench.committed("a")
        try bench.receive(
            #"{"type":"conversation.item.input_audio_transcription.failed","item_id":"a","error":{"type":"server_error","code":"audio_unintelligible","message":"no"}}"#
        )
        try bench.receive(#"{"type":"error","error":{"code":"whatever","message":"benign"}}"#)
        try bench.receive("nonsense")
        #expect(bench.events.first == .transcribed(segment: 2, ""))
        let failed = bench.events.dropFirst().map { event -> (UInt64, StageFailure.Severity)? in
            if case .transcriptionFailed(let segment, let failure) = event { (segment, failure.severity) } else { nil }
        }
        #expect(failed.map { $0?.0 } == [3, 1])
        #expect(failed.allSatisfy { $0?.1 == .retryable })
        #expect(bench.outcomes == [])
        try bench.receive(
            #"{"type":"error","error":{"type":"invalid_request_error","code":"invalid_api_key","message":"bad key"}}"#)
        try bench.receive(
            #"{"type":"error","error":{"type":"invalid_request_error","code":"unknown_parameter","message":"no","event_id":"settings"}}"#
        )
        #expect(
            bench.outcomes.map { outcome in
                if case .refused(let failure) = outcome { failure.severity == .fatal } else { false }
            } == [true, true])
    }

    @Test("A refused commit that is not named is the oldest one: what follows keeps its own words")
    func unnamedCommit() throws {
        for error in [
            #"{"type":"invalid_request_error","code":"input_audio_buffer_commit_empty","message":"buffer too small"}"#,
            #"{"type":"invalid_request_error","code":"","message":"input_audio_buffer is too short","event_id":""}"#,
        ] {
            var bench = try Bench()
            try bench.open()
            try bench.hear(milliseconds: 900)
            try bench.end(1, 0..<300)
            try bench.end(2, 300..<600)
            try bench.receive(#"{"type":"error","error":\#(error)}"#)
            try bench.committed("b")
            try bench.completed("b", "two")
            #expect(bench.events.count == 2)
            #expect(bench.events.last == .transcribed(segment: 2, "two"))
            #expect(bench.session.isIdle)
        }
    }

    @Test("What the server never answers is given up in time, and is in nobody's way")
    func expiry() throws {
        var bench = try Bench()
        try bench.open()
        try bench.hear(milliseconds: 900)
        try bench.end(1, 0..<300)
        try bench.end(2, 300..<600)
        try bench.drop(2)
        try bench.committed("a")
        try bench.hear(milliseconds: 29_000)
        try bench.end(3, 29_000..<29_300)
        #expect(bench.events.isEmpty)
        try bench.hear(milliseconds: 1_100)
        guard case .transcriptionFailed(1, let failure)? = bench.events.first else {
            Issue.record("\(bench.events)")
            return
        }
        #expect(failure.severity == .retryable)
        try bench.committed("c")
        try bench.completed("c", "three")
        #expect(bench.events.dropFirst() == [.transcribed(segment: 3, "three")])
        #expect(bench.session.isIdle)
    }

    @Test(
        "Settings that are refused for a passing reason lose the session alone",
        arguments: [
            #"{"type":"server_error","code":"","message":"sorry","event_id":"settings"}"#,
            #"{"type":"","code":"rate_limit_exceeded","message":"slow down","event_id":"settings"}"#,
        ])
    func passingRefusal(error: String) throws {
        var bench = try Bench()
        try bench.open()
        try bench.receive(#"{"type":"error","error":\#(error)}"#)
        guard case .lost(let failure)? = bench.outcomes.first else {
            Issue.record("\(bench.outcomes)")
            return
        }
        #expect(failure.severity == .retryable)
    }
}
