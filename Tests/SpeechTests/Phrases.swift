import Glibc

/// What the measurements say and hear.
enum Phrases {
    /// A dental practice on the telephone.
    static let dental = [
        "Hello, this is Anna from the dental practice.", "Am I speaking with Jane Doe?",
        "I am calling about your appointment next Tuesday at 3pm.", "Would that time still work for you?",
        "Can I come tomorrow instead?", "Let me check what is available.", "We have one, two and three o'clock.",
        "Three is fine.", "Your appointment is confirmed.", "Is there anything else I can help you with?",
        "No, that is all. Thank you.", "Goodbye.", "Have a nice day.", "Could you please repeat that?",
        "I would like to speak to a person.", "One moment, I am putting you through.",
        "Please leave a message after the tone.", "I have a toothache.", "My insurance has changed.",
        "What does a cleaning cost?", "Do you have anything in the morning?", "How about Friday at 10:30?",
        "Wait, I have another question.", "Yes, please.", "No, thank you.", "I need to cancel my appointment.",
        "The doctor is running late.", "Where is your office?", "We are at 25 Main Street.",
        "See you on December 1st.",
    ]

    /// What nobody in `dental` says.
    static let foreign = [
        "The weather is beautiful outside today.", "Where can I buy a train ticket?", "My dog is called Bello.",
        "The stock market fell by two percent.", "Please turn off the lights in the kitchen.",
        "I would rather have a pizza.", "Nobody expects the committee to agree.",
        "She sells sea shells by the sea shore.", "How many people live in Berlin?", "Can you play some music?",
        "Maybe.", "Hello?", "What?", "I do not want to.", "Call me back later.",
    ]

    /// Where Debian's package `asterisk-core-sounds-en-wav` puts a person's telephone prompts, 8 kHz.
    static let recordings = "/usr/share/asterisk/sounds/en_US_f_Allison"
    static var hasRecordings: Bool { access(recordings + "/vm-goodbye.wav", R_OK) == 0 }

    /// Recorded prompts and what is said in them.
    static let recorded: [(name: String, text: String)] = [
        ("vm-goodbye", "Goodbye."), ("one-moment-please", "One moment please."), ("hello-world", "Hello world."),
        ("tt-weasels", "Weasels have eaten our phone system."),
        ("ss-noservice", "The number you have dialed is not in service. Please check the number and try again."),
        ("pbx-invalid", "I am sorry, that's not a valid extension. Please try again."),
        ("pls-hold-while-try", "Please hold while I try that extension."), ("auth-thankyou", "Thank you."),
        ("vm-nomore", "No more messages."), ("vm-incorrect", "Login incorrect."),
        ("digits/tomorrow", "Tomorrow."), ("digits/today", "Today."), ("digits/day-2", "Tuesday."),
        ("digits/day-5", "Friday."), ("digits/mon-11", "December."), ("digits/h-1", "First."), ("digits/3", "Three."),
        ("digits/15", "Fifteen."), ("digits/p-m", "P.M."),
        ("queue-thankyou", "Thank you for your patience."), ("im-sorry", "I'm sorry."),
        ("vm-tooshort", "Your message is too short."),
        ("vm-rec-name", "After the tone say your name and then press the pound key."),
        ("all-circuits-busy-now", "All circuits are busy now."), ("please-try-again", "Please try again."),
    ]
}

/// The measure of a recogniser.
enum WordErrors {
    /// The fewest substitutions, insertions and deletions that make one list of the other.
    static func count(heard: [String], said: [String]) -> Int {
        var row = Array(0...said.count)
        for (index, word) in heard.enumerated() {
            var diagonal = row[0]
            row[0] = index + 1
            for column in said.indices {
                let cost = min(row[column + 1] + 1, row[column] + 1, diagonal + (word == said[column] ? 0 : 1))
                diagonal = row[column + 1]
                row[column + 1] = cost
            }
        }
        return row[said.count]
    }
}
