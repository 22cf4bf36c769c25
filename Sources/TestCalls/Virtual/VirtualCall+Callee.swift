import Audio
import Conversation
import MediaEngine
import OfflineModel
import SIP
import SansIO
import Telephony

// The callee's side.
extension VirtualCall {
    func calleeReceives(_ payload: UnsafeRawBufferPointer) {
        for event in ears.hear(payload, callee.law) {
            switch event {
            case .started: tell(.agentSpeech(started: true))
            case .stopped(let samples):
                tell(.agentSpeech(started: false))
                guard plan.test.usesRecognition, let ears = stage.model.ears else { continue }
                do {
                    let heard = try ears.hear(G711.encode(samples, .mu), .pcmu, persona: .silent)
                    plan(.understood(heard), in: VirtualCall.understandingDelay)
                } catch {
                    run.note("the callee's recogniser failed: \(error)", at: now)
                }
            }
        }
    }

    func calleeHears(_ event: PhoneCallEvent) {
        switch event {
        case .ringing: tell(.ringing)
        case .answered:
            answeredAt = now
            if let reset = plan.test.options.network.resetModelAfter { plan(.modelReset, in: reset) }
            tell(.answered)
        case .transferRequested(let target): tell(.transferRequested(target))
        case .ended(let byRemote, let reason): calleeEnded(byRemote: byRemote, reason: reason)
        case .failed(_, let reason, _): calleeEnded(byRemote: true, reason: reason)
        case .held, .digit, .transferAccepted, .transferProgress, .transferEnded: break
        }
    }

    func calleeEnded(byRemote: Bool, reason: String) {
        closeMedia(callee)
        tell(.calleeEnded(byRemote: byRemote, reason: reason))
    }

    func perform(_ actions: [CalleeAction]) {
        for action in actions { perform(action) }
    }

    func perform(_ action: CalleeAction) {
        switch action {
        case .dial(let from, let to, let headers): call(from: from, to: to, headers: headers)
        case .answer: command(.answer, of: callee)
        case .reject(let status): command(.reject(status: status), of: callee)
        case .speak(let utterance): speak(utterance)
        case .stopSpeaking: callee.channel.flush()
        case .press(let keys): press(keys)
        case .acceptTransfer:
            command(.acceptTransfer, of: callee)
            command(.reportTransfer(status: 100, reason: nil), of: callee)
            command(.reportTransfer(status: 200, reason: nil), of: callee)
        case .refuseTransfer(let status): command(.refuseTransfer(status: status), of: callee)
        case .hangUp: command(.hangUp(reason: "Normal call clearing"), of: callee)
        case .finish: finish()
        }
    }

    func call(from: String, to: String, headers: [String: String]) {
        let call = OutgoingCall(
            target: to, callerID: from, headers: headers,
            trunk: TrunkRoute(host: Side.agent.host, port: Side.agent.signalling.port))
        do {
            let (handle, actions) = try callee.core.place(
                call, destination: Side.agent.signalling, mediaPort: Side.callee.mediaPort, at: now)
            callee.handle = handle
            perform(actions, of: callee)
        } catch {
            abort("The callee cannot call: \(error.message)")
        }
    }

    func speak(_ utterance: Utterance) {
        do throws(UtteranceAudio.Failure) {
            let audio = try voice.bytes(of: utterance)
            spokenWords.append(utterance.text)
            lastTag += 1
            callee.play(callee.toLine(audio), tag: lastTag)
            callee.channel.finish(tag: lastTag)
        } catch {
            abort(error.description)
        }
    }

    /// A key is held for 160 ms, and the next one begins 300 ms after it; `w` is half a second.
    func press(_ keys: String) {
        var delay = Duration.zero
        for key in keys {
            if key == "w" {
                delay += .milliseconds(500)
            } else {
                plan(.key(key), in: delay)
                delay += .milliseconds(300)
            }
        }
        plan(.pressed, in: delay)
    }

    func finish() {
        guard !isFinishing else { return }
        isFinishing = true
        if outcome != nil {
            return
        }
        if callee.handle == nil {
            // The call never reached the callee.
            deliver(.hangUpRequested(reason: "the test is over"))
        } else {
            command(.hangUp(reason: "Normal call clearing"), of: callee)
        }
    }
}
