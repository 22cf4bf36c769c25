import Audio
import MediaEngine
import SansIO
import Telephony

// What the test has its callee do.
extension LoopbackCall {
    /// Held, and from one key to the next. RFC 4733 sends a key for as long as it is held.
    private static let keyInterval = Duration.milliseconds(300)
    private static let pauseKey = Duration.milliseconds(500)

    func perform(_ actions: [CalleeAction]) async {
        for action in actions {
            if let phone {
                await perform(action, on: phone)
            } else {
                await performWithoutPhone(action)
            }
        }
    }

    private func perform(_ action: CalleeAction, on phone: LoopbackPhone) async {
        switch action {
        case .dial(let from, let to, let headers): await dial(phone, from: from, to: to, headers)
        case .answer: await command(.answer, on: phone)
        case .reject(let status): await command(.reject(status: status), on: phone)
        case .speak(let utterance): await speak(utterance, on: phone)
        case .stopSpeaking: phone.stream.flush()
        case .press(let keys): press(keys)
        case .acceptTransfer:
            await command(.acceptTransfer, on: phone)
            await command(.reportTransfer(status: 100, reason: nil), on: phone)
            await command(.reportTransfer(status: 200, reason: nil), on: phone)
        case .refuseTransfer(let status): await command(.refuseTransfer(status: status), on: phone)
        case .hangUp: await command(.hangUp(reason: "Normal call clearing"), on: phone)
        case .finish:
            guard report == nil else { return }
            if phone.hasCall {
                await command(.hangUp(reason: "Normal call clearing"), on: phone)
            } else {
                await endAgentsCall()
            }
        }
    }

    /// A stranger's telephone does what it does; the test can only wait.
    private func performWithoutPhone(_ action: CalleeAction) async {
        switch action {
        case .answer, .acceptTransfer: break
        case .finish: if report == nil { await endAgentsCall() }
        case .dial, .reject, .speak, .stopSpeaking, .press, .refuseTransfer, .hangUp:
            let stranger = plan.stranger ?? ""
            await perform(
                run.abort(
                    "The callee at \(stranger) cannot be told to \(action.verb): against it a test can only expect "
                        + "something of the agent.", at: now))
        }
    }

    private func command(_ command: PhoneCommand, on phone: LoopbackPhone) async {
        await hear(phone.command(command, at: MonotonicClock.now()))
    }

    private func dial(_ phone: LoopbackPhone, from: String, to: String, _ headers: [String: String]) async {
        do throws(TelephonyError) {
            guard let trunk = agentTrunk, let port = trunk.port else { return }
            let call = OutgoingCall(target: to, callerID: from, headers: headers, trunk: trunk)
            await hear(
                try phone.place(
                    call, to: TransportAddress(host: trunk.host, port: port), at: MonotonicClock.now()))
        } catch {
            await perform(run.abort("The callee cannot call: \(error.message)", at: now))
        }
    }

    private func speak(_ utterance: Utterance, on phone: LoopbackPhone) async {
        do throws(UtteranceAudio.Failure) {
            let audio = try voice.bytes(of: utterance)
            model.hear(utterance.text)
            lastTag += 1
            spokenTag = lastTag
            phone.play(audio, tag: lastTag)
            phone.stream.finish(tag: lastTag)
        } catch {
            await perform(run.abort("The callee cannot speak: \(error.description).", at: now))
        }
    }

    private func press(_ keys: String) {
        var time = MonotonicClock.now()
        for key in keys {
            if key == "w" {
                time += LoopbackCall.pauseKey
            } else {
                plans.insert(.key(key), at: time)
                time += LoopbackCall.keyInterval
            }
        }
        plans.insert(.pressed, at: time)
    }
}

extension CalleeAction {
    /// What the callee is told to do, for a sentence.
    fileprivate var verb: String {
        switch self {
        case .dial: "call"
        case .answer: "answer"
        case .reject: "reject the call"
        case .speak: "speak"
        case .stopSpeaking: "fall silent"
        case .press: "press keys"
        case .acceptTransfer, .refuseTransfer: "take or refuse transfers"
        case .hangUp, .finish: "hang up"
        }
    }
}
