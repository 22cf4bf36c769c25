import Audio
import Conversation
import MediaEngine
import SansIO

@testable import TestCalls

/// What must hold of every call, whatever happened in it.
///
/// Four accounts of one call are compared: the event log, what each end handed to RTP (its ledger), what the other end
/// heard, and the transcript.
struct VirtualInvariants {
    private(set) var violations: [String] = []
    /// What the call was, so that somebody can see that many calls were many things.
    private(set) var coverage: [String: Int] = [:]
    let result: VirtualCallResult
    private let network: NetworkConditions

    init(_ result: VirtualCallResult, network: NetworkConditions) {
        self.result = result
        self.network = network
        violations = result.leftovers
        checkEnd()
        if let bytes = result.log?.bytes {
            do throws(CallLogError) {
                let log = try CallLog(parsing: bytes)
                checkLog(log)
                checkAgainAsLogged(log)
                if let audio = result.agentAudio { checkAgentSpeech(try AgentSpeech(log), audio) }
            } catch {
                fail("the event log cannot be read: \(error)")
            }
        } else {
            fail("there is no event log")
        }
        if let agent = result.agentAudio, let callee = result.calleeAudio {
            checkLedger(agent, "agent")
            checkLedger(callee, "callee")
            // The agent sends no keys.
            checkHeard(agent, by: callee, "callee", hasKeys: false)
            checkHeard(callee, by: agent, "agent", hasKeys: coverage["keys"] != nil)
        } else {
            fail("the audio was not kept")
        }
    }

    private mutating func fail(_ text: String) { violations.append(text) }

    private mutating func count(_ name: String, _ number: Int = 1) {
        if number > 0 { coverage[name, default: 0] += number }
    }

    // MARK: The end

    private mutating func checkEnd() {
        // On a bad line the BYE may come after the test has given up.
        if result.test.outcome != result.outcome, result.test.outcome != nil || result.test.failure == nil {
            fail("test and call have different outcomes")
        }
        switch result.test.failure?.kind {
        case .host, .script: fail("the test could not be run: \(result.test.failure?.message ?? "")")
        case .timeLimit: count("over time")
        case .expectation, nil: break
        }
        count(result.outcome?.kind.rawValue ?? "no outcome")
        for entry in result.test.timeline {
            switch entry.event {
            case .calleeDid("is connected"): count("connected")
            case .calleePressed: count("keys")
            case .agentReceived: count("keys received")
            case .actionEnded: count("actions")
            case .fault: count("faults")
            case .interrupted: count("interruptions")
            case .transferRequested: count("transfers")
            case .agentSaid: count("sentences heard")
            case .agentHeard: count("turns")
            default: break
            }
        }
        if result.agentMedia.packetsLost > 0 { count("calls with loss") }
        for media in [result.agentMedia, result.calleeMedia] {
            if media.bytesOverflowed + media.eventsLost + media.ticksSkipped > 0 {
                fail("media gave way: \(media.bytesOverflowed) bytes, \(media.eventsLost) events")
            }
        }
    }

    // MARK: The log

    private mutating func checkLog(_ log: CallLog) {
        if log.isTruncated || !log.isComplete { fail("the event log is incomplete") }
        if log.flows.map(\.version) != [log.beginning.configuration.facts.version] { fail("the log lacks its flow") }
        let ends = log.entries.indices.filter { log.entries[$0].body["action"] == "finish" }
        if ends != [log.entries.count - 1] { fail("the log has \(ends.count) ends, or something behind one") }
        var running: Set<String> = []
        for entry in log.entries {
            let name = entry.body["task"]?.text ?? ""
            switch (entry.direction, entry.body["action"]?.string ?? entry.body["event"]?.string) {
            case (.action, "script_start"), (.action, "script_resume"):
                if !running.insert(name).inserted { fail("coroutine \(name) is asked twice") }
            case (.event, "script"):
                if running.remove(name) == nil { fail("coroutine \(name) answers twice") }
            default: break
            }
        }
        if !running.isEmpty { fail("coroutines \(running.sorted()) did not answer") }
    }

    /// What the log says has happened leads to what the log says was done.
    private mutating func checkAgainAsLogged(_ log: CallLog) {
        var session = CallSession(configuration: log.beginning.configuration)
        var expected: [JSON] = []
        var position = log.entries.startIndex
        do throws(CallLogError) {
            while position < log.entries.endIndex {
                let entry = log.entries[position]
                if entry.direction == .event {
                    let now = log.beginning.clock + entry.elapsed
                    expected = session.receive(try entry.event(), at: now).map(\.logged)
                } else if expected.isEmpty || expected.removeFirst() != entry.body {
                    fail("line \(entry.line) of the log is not what happens again: \(entry.body.text.prefix(200))")
                    return
                }
                position += 1
                if !expected.isEmpty,
                    position == log.entries.endIndex || log.entries[position].direction == .event
                {
                    fail("behind line \(entry.line) the log lacks \(expected.count) actions")
                    return
                }
            }
        } catch {
            fail("the log's events cannot be read: \(error)")
        }
    }

    // MARK: The agent's speech

    private mutating func checkAgentSpeech(_ speech: AgentSpeech, _ audio: VirtualAudio) {
        violations += speech.violations
        for (tag, part) in speech.parts.sorted(by: { $0.key < $1.key }) {
            let sent = audio.bytesSent(of: tag)
            if part.bytes != audio.said[tag]?.count { fail("tag \(tag): the media were given other audio") }
            // The fade of what was cut is told before it is sent: 8 ms, which are lost when the line is closed at once.
            let isLast = audio.ledger.runs.last?.tag == tag
            if let played = part.played, played != sent, part.isEnded || !isLast || !(0...64).contains(played - sent) {
                fail("tag \(tag): \(played) bytes are said to have been heard, \(sent) were sent")
            }
            if part.isEnded, part.bytes != sent { fail("tag \(tag) ended with \(sent) of \(part.bytes) bytes") }
            if !part.isEnded, sent > 0 { count("sentences cut") }
            check(part, tag: tag, sent: sent)
        }
        let unknown = Set(audio.said.keys).subtracting(speech.parts.keys)
        if !unknown.isEmpty { fail("audio of tags \(unknown.sorted()) is not in the log") }
    }

    /// The transcript has the words that were sent, and no others.
    private mutating func check(_ part: AgentSpeech.Part, tag: UInt32, sent: Int) {
        if part.transcripts.count > 1 { fail("tag \(tag) has \(part.transcripts.count) transcripts") }
        guard let heard = part.transcripts.first else {
            if part.isEnded, part.isTextComplete, !part.text.isEmpty { fail("tag \(tag) was heard, and not told") }
            return
        }
        if sent == 0 { fail("tag \(tag): “\(heard)” is said to have been heard, nothing was sent") }
        if !part.text.hasPrefix(heard) { fail("tag \(tag): “\(heard)” is not how “\(part.text)” begins") }
        if part.isEnded {
            if part.isTextComplete, heard != part.text { fail("tag \(tag): heard in full, told as “\(heard)”") }
        } else {
            // 470 bytes are the least that a character of speech takes.
            let share = part.text.count * sent / max(part.bytes, 1)
            if heard.count > max(share, sent / 470) + 1 {
                fail("tag \(tag): “\(heard)” is more than \(sent) of \(part.bytes) bytes of “\(part.text)”")
            }
        }
    }

    // MARK: Ledger and ears

    /// No byte is sent twice, none is passed over, and one follows the other.
    private mutating func checkLedger(_ audio: VirtualAudio, _ end: String) {
        var next: [UInt32: Int] = [:]
        var latest = Instant.zero
        for run in audio.ledger.runs {
            guard let count = run.count else {
                fail("\(end): a run of tag \(run.tag) is open")
                continue
            }
            if run.firstByte != next[run.tag] ?? 0 {
                fail("\(end): tag \(run.tag) goes on at \(run.firstByte) behind \(next[run.tag] ?? 0)")
            }
            next[run.tag] = run.firstByte + count
            if next[run.tag] ?? 0 > audio.said[run.tag]?.count ?? 0 {
                fail("\(end): more of tag \(run.tag) was sent than there is")
            }
            if run.start < latest { fail("\(end): runs overlap") }
            latest = run.start
        }
    }

    /// What was sent is what the other end heard: where the line loses nothing, byte for byte.
    private mutating func checkHeard(_ speaker: VirtualAudio, by listener: VirtualAudio, _ end: String, hasKeys: Bool) {
        guard network.loss == 0, network.reorder == 0, network.oneWay == nil else { return }
        // What is under way when the line is cut is not heard, nor what is sent until that is known.
        let underWay = (network.delay + network.jitter) * 2 + .milliseconds(60)
        let missing = Int(underWay.milliseconds) * 8
        let expected = LineAudio(speaker, keepsPauses: !hasKeys)
        if let difference = expected.difference(
            from: hasKeys ? listener.heard.filter { $0 != LineAudio.silence } : listener.heard, missingAtEnd: missing)
        {
            fail("the \(end) heard something else: \(difference)")
        } else if !expected.isSilent {
            count("lines compared")
        }
    }
}

extension VirtualAudio {
    func bytesSent(of tag: UInt32) -> Int {
        ledger.runs.reduce(0) { $1.tag == tag ? $0 + ($1.count ?? 0) : $0 }
    }
}
