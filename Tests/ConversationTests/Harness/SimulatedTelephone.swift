import SansIO

@testable import Conversation

/// A telephone network: somebody picks up or does not, and takes transfers or does not, as a seed wants.
enum SimulatedTelephone {
    enum Effect {
        case report(CallSession.Event, after: Duration)
    }

    static func dial(using random: inout SeededRandom) -> [Effect] {
        var effects: [Effect] = []
        if random.chance(0.7) {
            let ringing = TelephonyEvent.ringing(earlyMedia: random.chance(0.3))
            effects.append(.report(.telephony(ringing), after: random.delay(50...2_000)))
        }
        let pickUp = random.delay(300...20_000)
        if random.chance(0.08) {
            let failure = TelephonyFailure(
                status: [486, 503, 603, nil].randomElement(using: &random) ?? nil, reason: "x")
            effects.append(.report(.telephony(.failed(failure)), after: pickUp))
        } else if random.chance(0.95) {
            effects.append(.report(.telephony(.answered(headers: [:])), after: pickUp))
            effects.append(.report(.media(.started), after: pickUp + random.delay(-200...300)))
        }
        return effects
    }

    static func answer(using random: inout SeededRandom) -> [Effect] {
        guard random.chance(0.9) else {
            let failure = TelephonyFailure(status: 487, reason: "Request Terminated")
            return [.report(.telephony(.failed(failure)), after: random.delay(10...300))]
        }
        return [
            .report(.telephony(.answered(headers: [:])), after: random.delay(10...300)),
            .report(.media(.started), after: random.delay(10...600)),
        ]
    }

    static func transfer(using random: inout SeededRandom) -> [Effect] {
        var effects: [Effect] = []
        if random.chance(0.7) {
            effects.append(.report(.telephony(.transferAccepted), after: random.delay(20...200)))
        }
        let ringing = TelephonyEvent.transferProgress(status: 180, reason: "Ringing")
        effects.append(.report(.telephony(ringing), after: random.delay(200...3_000)))
        if random.chance(0.8) {
            let ended = TelephonyEvent.transferEnded(status: random.chance(0.3) ? 200 : 603, reason: "x")
            effects.append(.report(.telephony(ended), after: random.delay(500...8_000)))
        }
        return effects
    }
}
