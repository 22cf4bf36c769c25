import FoundationEssentials
import SansIO
import Speech
import Testing

@testable import OfflineModel

/// Talks to the shipped persona in writing, and answers its calls as the flow would.
private struct Talk {
    static let path = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "scripts/personas/dental_practice.lua")
    static let tools = [
        "look_up_availability", "confirm_appointment", "transfer_call", "end_call", "detected_answering_machine",
    ]

    let session: PersonaSession
    var instructions = "You are a scheduling assistant."

    init() throws {
        session = try PersonaSession(source: Array(try Data(contentsOf: Self.path)), name: "dental", seed: 1)
    }

    func hear(_ words: String) throws -> [PersonaStep] {
        try session.answer(
            PersonaRequest(instructions: instructions, tools: Self.tools, trigger: .heard(words)),
            today: "2026-11-30")
    }

    func result(_ name: String, _ output: String) throws -> String {
        let steps = try session.answer(
            PersonaRequest(
                instructions: instructions, tools: Self.tools,
                trigger: .results([.init(name: name, callID: "c", arguments: "{}", output: output)])),
            today: "2026-11-30")
        return steps.map { if case .say(let text) = $0 { text } else { "\($0)" } }.joined(separator: " ")
    }

    func says(_ words: String) throws -> String {
        try hear(words).map { if case .say(let text) = $0 { text } else { "\($0)" } }.joined(separator: " ")
    }
}

@Suite("The dental practice")
struct DentalPracticeTests {
    private static let times = #"{"available_times":["1pm","2pm","3pm"]}"#

    @Test(
        "The demonstration: tomorrow instead, three is fine, thank you and goodbye",
        arguments: [
            ("can i come tomorrow instead", "three is fine"),
            ("could we move it to tomorrow please", "three o'clock please"),
            ("no i can't come then can i come tomorrow", "i'll take three"), ("tomorrow please", "the last one please"),
            ("how about tomorrow", "three p m"),
        ])
    func demonstration(request: String, choice: String) throws {
        let talk = try Talk()
        #expect(try talk.hear(request) == [.call(name: "look_up_availability", arguments: ["date": "2026-12-01"])])
        let offer = try talk.result("look_up_availability", Self.times)
        #expect(offer.contains("Tuesday, the first of December"))
        #expect(offer.contains("1 pm, 2 pm and 3 pm"))
        #expect(
            try talk.hear(choice)
                == [.call(name: "confirm_appointment", arguments: ["date": "2026-12-01", "time": "3pm"])])
        #expect(try talk.result("confirm_appointment", "reservation confirmed").contains("3 pm"))
        let end = try talk.hear("thank you goodbye")
        #expect(end.count == 2)
        #expect(end.last == .call(name: "end_call", arguments: [:]))
    }

    @Test("The day in the instructions comes before the session's own")
    func today() throws {
        var talk = try Talk()
        talk.instructions = "You call patients. Today is Friday, 2026-12-04."
        #expect(
            try talk.hear("can i come tomorrow")
                == [.call(name: "look_up_availability", arguments: ["date": "2026-12-05"])])
    }

    @Test("A yes keeps the appointment, a no asks for another day")
    func yesAndNo() throws {
        let yes = try Talk()
        #expect(try yes.says("yes that's fine").contains("anything else"))
        #expect(try yes.hear("no thank you").last == .call(name: "end_call", arguments: [:]))
        let no = try Talk()
        #expect(try no.says("no i can't come then").contains("Which day"))
        #expect(
            try no.hear("on friday") == [.call(name: "look_up_availability", arguments: ["date": "2026-12-04"])])
    }

    @Test("A yes to the appointment confirms the day and time of the greeting, or of the instructions")
    func confirmsAppointment() throws {
        var talk = try Talk()
        talk.instructions = "Unless told otherwise, the appointment is next Tuesday at 3pm. Be brief."
        #expect(
            try talk.hear("yes that's fine")
                == [.call(name: "confirm_appointment", arguments: ["date": "2026-12-01", "time": "3pm"])])
        #expect(try talk.result("confirm_appointment", "reservation confirmed").contains("at 3 pm"))

        let greeted = try Talk()
        let request = PersonaRequest(
            instructions: talk.instructions, tools: Talk.tools,
            history: [
                .message(role: "assistant", text: "I am calling about your appointment on Friday at 10 am. Okay?")
            ],
            trigger: .heard("yes"))
        #expect(
            try greeted.session.answer(request, today: "2026-11-30")
                == [.call(name: "confirm_appointment", arguments: ["date": "2026-12-04", "time": "10am"])])
    }

    @Test("A flow's wish to tell something is told")
    func instructed() throws {
        var request = PersonaRequest(
            instructions: "You are an assistant.\n\nTell the callee that the practice closes at noon.",
            hasOwnInstructions: true, trigger: .start)
        let session = try Talk().session
        #expect(
            try session.answer(request, today: "2026-11-30") == [.say("The practice closes at noon.")])
        request.instructions = #"Say exactly the following, and nothing else: "Tell me.""#
        #expect(try session.answer(request, today: "2026-11-30") == [.say("Tell me.")])
    }

    @Test("A time that is not offered is refused, and the offer repeated on request")
    func otherTime() throws {
        let talk = try Talk()
        _ = try talk.hear("can i come tomorrow")
        let offer = try talk.result("look_up_availability", Self.times)
        #expect(try talk.says("can you repeat that please") == offer)
        #expect(try talk.says("five is good").contains("5 pm is taken"))
        #expect(try talk.says("yes").contains("Which time"))
        #expect(
            try talk.hear("two")
                == [.call(name: "confirm_appointment", arguments: ["date": "2026-12-01", "time": "2pm"])])
    }

    @Test("A wish for a person is confirmed, then transferred; a failed transfer is told")
    func transfer() throws {
        let talk = try Talk()
        #expect(try talk.says("can i speak to a person please").contains("put you through"))
        #expect(try talk.hear("yes please") == [.call(name: "transfer_call", arguments: [:])])
        #expect(try talk.result("transfer_call", #"{"error":"busy"}"#).contains("nobody answers"))
        #expect(try talk.result("transfer_call", "null") == "")
    }

    @Test("Voicemail is reported")
    func voicemail() throws {
        for words in ["you've reached the voicemail", "please leave your name after the tone", "we are not here"] {
            #expect(try Talk().hear(words) == [.call(name: "detected_answering_machine", arguments: [:])])
        }
    }

    @Test("Nothing free, a broken calendar and unknown speech each get an answer")
    func trouble() throws {
        let talk = try Talk()
        _ = try talk.hear("tomorrow")
        #expect(try talk.result("look_up_availability", #"{"available_times":[]}"#).contains("nothing free"))
        #expect(try talk.result("look_up_availability", #"{"error":"down"}"#).contains("cannot look"))
        #expect(try talk.says("the moon is made of cheese").contains("did not get that"))
        #expect(try talk.says("").contains("did not get that"))
        _ = try talk.says("colourless ideas sleep")
        #expect(try talk.says("furiously").contains("put you through"))
    }

    @Test("Its phrases take what the callee of the demonstration says")
    func grammar() throws {
        let persona = try PersonaDefinition(source: Array(try Data(contentsOf: Talk.path)), name: "dental")
        for sentence in [
            "Can I come tomorrow instead?", "Three is fine.", "Three o'clock please.", "Thank you, goodbye.",
            "Yes, that's fine.", "No, I can't come then. Can I come tomorrow?", "Can I speak to a person please?",
        ] {
            #expect(persona.grammar.phrases(in: SpokenText.words(sentence)) != nil, "\(sentence)")
        }
    }
}
