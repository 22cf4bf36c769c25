import AgentHost
import Conversation
import MediaEngine
import SansIO
import ScriptAPI
import Telephony
import VoiceAgent

// The agent's side: what a call runner does.
extension VirtualCall {
    func agentReceives(_ payload: UnsafeRawBufferPointer) {
        gate.receive(payload, hear: modelHears)
    }

    func modelHears(_ payload: UnsafeRawBufferPointer) {
        if let stages {
            for event in stages.hear(payload) { deliver(.pipeline(event)) }
        }
        for event in liveEars?.append(payload) ?? [] { deliver(.pipeline(event)) }
        guard model != nil else { return }
        let message = isLive ? LiveConnection.appendMessage(payload) : RealtimeConnection.appendMessage(payload)
        plan(.toModel(message, connection: modelConnection), in: VirtualCall.modelDelay)
    }

    func agentHears(_ event: PhoneCallEvent) {
        switch event {
        case .answered(let codec, let headers):
            gate.keep(isALaw: codec == .pcma)
            deliver(.telephony(.answered(headers: headers)))
            deliver(.media(.started))
        case .digit(let digit, let duration): deliver(.media(.digit(digit, milliseconds: duration)))
        default:
            // The audio stays until the call is finished: what was heard last is still to be told.
            if let event = TelephonyEvent(event) { deliver(.telephony(event)) }
        }
    }

    /// Tells the call's session; behind the end nobody reads what comes.
    func deliver(_ event: CallSession.Event) {
        if outcome == nil { mailbox.append(event) }
    }

    func emptyMailbox() async {
        while !mailbox.isEmpty {
            let event = mailbox.removeFirst()
            if plan.keepsLog { log?.note(.event, at: now, event.logged) }
            for action in session.receive(event, at: now) {
                if plan.keepsLog { log?.note(.action, at: now, action.logged) }
                await perform(action)
            }
        }
    }

    func perform(_ action: CallSession.Action) async {
        switch action {
        case .connectModel:
            modelConnection += 1
            isModelWanted = true
            plan(.modelConnected(connection: modelConnection), in: VirtualCall.connectDelay)
        case .sendModel(let event): sendToModel(event.json)
        case .sendLive(let event): sendToModel(event.json)
        case .closeModel:
            model = nil
            liveEars = nil
            isModelWanted = false
        case .pipeline(let command): perform(command)
        case .dial(let options): dial(options)
        case .ring: command(.ring, of: agent)
        case .answer: command(.answer, of: agent)
        case .reject(let status): command(.reject(status: status), of: agent)
        case .listen: gate.open(modelHears)
        case .keepAudio(let duration):
            gate.keep(last: duration)
            if duration > .zero, spokenWords.isEmpty { spokenWords = toldWords }
        case .mute(let isMuted): gate.mute(isMuted)
        case .hangUp(let reason): command(.hangUp(reason: reason), of: agent)
        case .transfer(let target):
            do {
                command(try PhoneCommand.transfer(target: target), of: agent)
            } catch {
                deliver(.telephony(.transferEnded(status: 400, reason: error.message)))
            }
        case .play(let tag, let audio): agent.play(gate.toLine(audio), tag: tag)
        case .finishPlayout(let tag): agent.channel.finish(tag: tag)
        case .flush:
            if agent.media == nil || agent.media?.isClosed == true {
                deliver(.media(.flushed(tag: nil, played: 0, dropped: 0)))
            } else {
                agent.channel.flush()
            }
        case .pausePlayout: agent.channel.pause()
        case .resumePlayout: agent.channel.resume()
        case .measure: deliver(.media(.measured(MediaQuality(agent.channel.statistics))))
        case .script(let command): runScript(command)
        case .service(let task, let request): await serve(request, for: task)
        case .cancelService(let task): services.remove(task)
        case .observe(let observation): tell(.observed(observation))
        case .finish(let outcome):
            outcomes.append(outcome)
            mailbox = []
            model = nil
            stages = nil
            gate.shut()
            closeMedia(agent)
            tell(.finished(outcome))
        }
    }

    func dial(_ options: CallSession.DialOptions) {
        let call = OutgoingCall(
            target: plan.test.options.to, callerID: options.callerID ?? plan.test.options.from,
            headers: options.headers, ringTimeout: options.ringTimeout + .seconds(5),
            trunk: TrunkRoute(host: Side.callee.host, port: Side.callee.signalling.port))
        do {
            let (handle, actions) = try agent.core.place(
                call, destination: Side.callee.signalling, mediaPort: Side.agent.mediaPort, at: now)
            agent.handle = handle
            perform(actions, of: agent)
        } catch {
            deliver(
                .telephony(
                    .failed(
                        TelephonyFailure(status: nil, reason: error.code.rawValue, sentence: error.message))))
        }
    }

    func runScript(_ command: ScriptCommand) {
        if let script {
            if let (task, outcome) = script.run(command) { deliver(.script(task, outcome)) }
        } else if case .start(let task, _, _) = command, let scriptFault {
            deliver(.script(task, .failed(scriptFault)))
        }
    }

    func serve(_ request: ServiceRequest, for task: ScriptTaskID) async {
        services.insert(task)
        switch request {
        case .record(let name): plan(.service(task, .reply(record(named: name))), in: .zero)
        case .stopRecording: plan(.service(task, .reply(.value(true))), in: .zero)
        case .http, .store, .loadAudio:
            let time = Int64((startTime + (now - .zero).seconds) * 1e9)
            let storeName = storeName ?? stage.makeStore()
            if case .store = request { self.storeName = storeName }
            let result = await stage.services.perform(
                request, agent: storeName, flowFolder: plan.flow.folder, at: time)
            plan(.service(task, result), in: .milliseconds(2))
        }
    }

    /// `call:record`: answered as in production, but no file is made; the test's own recording has it all.
    private func record(named name: String?) -> ScriptReply {
        guard agent.handle != nil else {
            return .failure(code: .wrongStatus, message: "there is nothing to record yet")
        }
        let name = name ?? "recording-\(recordings.count + 1).wav"
        if let refusal = CallFiles.refusal(ofRecording: name, besides: recordings) { return refusal }
        recordings.append(name)
        return .value(.string(name))
    }
}
