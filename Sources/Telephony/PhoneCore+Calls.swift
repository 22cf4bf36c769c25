import MediaEngine
import SDP
import SIP
import SansIO

/// What the core's events mean to the owners of calls: audio is started before they are told that it flows.
extension PhoneCore {
    mutating func report(_ event: CallEvent, of handle: CallHandle, at now: Instant) {
        switch event {
        case .incoming(let incoming):
            offered[handle] = incoming
            actions.append(.incoming(handle, IncomingPhoneCall(incoming)))
        case .trying, .offerWithdrawn, .offerRefused: break
        case .provisional(let response): provisional(response, handle)
        case .answered(let body, let headers): answered(body, headers, handle, at: now)
        case .offer(let body): reoffer(body, handle, at: now)
        case .offerAnswered(let body): agree(body, handle, at: now)
        case .info(let contentType, let body):
            if let key = DTMFInfo(contentType: contentType, body: body) {
                tell(.digit(key.digit, durationMilliseconds: key.durationMilliseconds), handle)
            }
        case .transferAccepted: tell(.transferAccepted, handle)
        case .transferProgress(let status, let reason): tell(.transferProgress(status: status, reason: reason), handle)
        case .transferEnded(let status, let reason): tell(.transferEnded(status: status, reason: reason), handle)
        case .referred(let target, _): tell(.transferRequested(to: "\(target.uri)"), handle)
        case .failed(let failure): finish(PhoneCallEvent(failure), handle)
        case .ended(let end): finish(.ended(byRemote: end.by == .remote, reason: end.text), handle)
        }
    }

    private mutating func tell(_ event: PhoneCallEvent, _ handle: CallHandle) {
        if entries[handle] != nil { actions.append(.event(handle, event)) }
    }

    /// Forgets a call, and tells of its end unless that has been told or nobody took the call.
    private mutating func finish(_ event: PhoneCallEvent, _ handle: CallHandle) {
        let wasOffered = offered.removeValue(forKey: handle) != nil
        let entry = entries.removeValue(forKey: handle)
        if wasOffered || entry?.isClosed == false { actions.append(.event(handle, event)) }
    }

    /// Starts the call's audio, or changes it, as agreed.
    private mutating func start(
        _ audio: NegotiatedAudio, _ entry: inout CallEntry, _ handle: CallHandle
    ) throws(TelephonyError) {
        actions.append(.startMedia(handle, try entry.agree(on: audio)))
    }

    // MARK: Outgoing calls

    private mutating func provisional(_ response: ProvisionalResponse, _ handle: CallHandle) {
        guard response.status != 181 || !response.body.isEmpty else { return }
        var hasEarlyMedia = entries[handle]?.audio != nil
        if !response.body.isEmpty, var entry = entries[handle] {
            // Each fork answers our offer for itself: a copy for each, so that the next answer fits as well.
            do {
                let audio = try entry.session.receiveAnswer(SessionDescription(parsing: response.body))
                try start(audio, &entry, handle)
                entries[handle] = entry
                hasEarlyMedia = true
            } catch {
                actions.append(.notice("early media cannot be used: \(describe(error))"))
            }
        }
        tell(.ringing(earlyMedia: hasEarlyMedia), handle)
    }

    private mutating func answered(_ body: [UInt8], _ headers: Headers, _ handle: CallHandle, at now: Instant) {
        guard var entry = entries[handle], !entry.isClosed else { return }
        entry.isAnswered = true
        entries[handle] = entry
        if entry.isOutgoing || !body.isEmpty {
            guard agree(body, handle, at: now) else { return }
        }
        tell(.answered(codec: entries[handle]?.codec ?? .pcmu, headers: headers.lowercased), handle)
    }

    /// Takes the answer to our offer; hangs up when the call could not have audio.
    @discardableResult
    private mutating func agree(_ body: [UInt8], _ handle: CallHandle, at now: Instant) -> Bool {
        guard var entry = entries[handle] else { return false }
        do {
            // Some gateways answer in an unreliable 183 and leave the 200 empty.
            if body.isEmpty, let audio = entry.audio {
                try start(audio, &entry, handle)
                return true
            }
            if body.isEmpty {
                throw TelephonyError(.media, "The far end answered without a session description.")
            }
            let audio = try entry.session.receiveAnswer(SessionDescription(parsing: body))
            let wasHeld = entry.audio?.isHeld ?? false
            try start(audio, &entry, handle)
            entries[handle] = entry
            if audio.isHeld != wasHeld { tell(.held(audio.isHeld), handle) }
            return true
        } catch {
            tell(.failed(status: 488, reason: "Not Acceptable Here", sentence: describe(error)), handle)
            entries[handle]?.isClosed = true
            ask(.hangUp(reasons: ["SIP;cause=488;text=\"Not Acceptable Here\""]), of: handle, at: now)
            return false
        }
    }

    // MARK: Incoming calls

    /// Answers an incoming call, once; refuses it when its offer cannot be met.
    mutating func answer(_ handle: CallHandle, at now: Instant) {
        guard var entry = entries[handle], !entry.isOutgoing, !entry.isAnswered else { return }
        do {
            let body: [UInt8]
            if let offer = entry.remoteOffer {
                let (description, audio) = try entry.session.answer(SessionDescription(parsing: offer))
                try start(audio, &entry, handle)
                body = description.bytes
            } else {
                body = entry.session.makeOffer().bytes
            }
            entry.isAnswered = true
            entries[handle] = entry
            ask(.answer(body: body), of: handle, at: now)
        } catch {
            actions.append(.notice("an incoming call cannot be answered: \(describe(error))"))
            ask(.reject(status: 488, reason: nil, headers: Headers()), of: handle, at: now)
        }
    }

    // MARK: Re-INVITE

    private mutating func reoffer(_ body: [UInt8]?, _ handle: CallHandle, at now: Instant) {
        guard var entry = entries[handle] else { return }
        do {
            guard let body else {
                let offer = entry.session.makeOffer()
                entries[handle] = entry
                return ask(.answerOffer(body: offer.bytes), of: handle, at: now)
            }
            let (description, audio) = try entry.session.answer(SessionDescription(parsing: body))
            let wasHeld = entry.audio?.isHeld ?? false
            try start(audio, &entry, handle)
            entries[handle] = entry
            ask(.answerOffer(body: description.bytes), of: handle, at: now)
            if audio.isHeld != wasHeld { tell(.held(audio.isHeld), handle) }
        } catch {
            actions.append(.notice("a re-INVITE is refused: \(describe(error))"))
            ask(.refuseOffer(status: 488), of: handle, at: now)
        }
    }

    private func describe(_ error: any Error) -> String {
        (error as? SDPError)?.sentence ?? "\(error)"
    }
}
