/// What a sentence segmenter knows of a language: abbreviations, and words that begin sentences.
struct SentenceWords: Sendable {
    /// What a full stop behind a word means.
    enum Abbreviation: Hashable, Sendable {
        /// Something always follows: a name, a number, an explanation.
        case leading
        /// A number follows; before anything else the stop ends the sentence.
        case beforeNumber
        /// Ends the sentence only before a word that begins sentences.
        case either
        /// a.m. and p.m.: ends the sentence before a capital, unless a weekday, a month or a time zone follows.
        case clock
    }

    /// By the word without its last stop. A key with a capital stands for the word with a capital only, others for both.
    private let abbreviations: [String: Abbreviation]
    /// Words that begin sentences much more often than they stand capitalised within one.
    let starters: Set<String>
    /// Ordinal numbers are written with a stop, as in German: words before one, and months behind one.
    let ordinalContexts: Set<String>
    let months: [String]

    private init(languages: [String], isExact: Bool) {
        var abbreviations: [String: Abbreviation] = [:]
        var starters: Set<String> = []
        for language in languages {
            guard let list = Self.lists[language] else { continue }
            let lists = [
                (list.leading, Abbreviation.leading), (list.beforeNumber, .beforeNumber), (list.either, .either),
            ]
            for (words, kind) in lists {
                for entry in words.split(separator: " ") where isExact || !entry.hasPrefix("=") {
                    let word = String(entry.trimmingPrefix("="))
                    // The first language decides where two differ.
                    if abbreviations[word] == nil { abbreviations[word] = kind }
                }
            }
            starters.formUnion(list.starters.split(separator: " ").map(String.init))
        }
        for word in ["a.m", "p.m"] { abbreviations[word] = .clock }
        self.abbreviations = abbreviations
        self.starters = starters
        let isGerman = languages.contains("de")
        ordinalContexts = isGerman ? (isExact ? Self.germanContexts : Self.unmistakableGermanContexts) : []
        months = isGerman ? Self.germanMonths : []
    }

    /// - Parameter language: ISO 639-1, a region behind it allowed; `nil` for all languages together, less what is a
    ///   whole word of another one.
    static func of(_ language: String?) -> SentenceWords {
        guard let language else { return all }
        let code = String(language.prefix { $0.isLetter }).lowercased()
        return byLanguage[code] ?? all
    }

    private static let all = SentenceWords(languages: lists.keys.sorted(), isExact: false)
    private static let byLanguage = Dictionary(
        uniqueKeysWithValues: lists.keys.map { code in
            // Titles and Latin abbreviations of English turn up everywhere.
            (code, SentenceWords(languages: code == "en" ? ["en"] : [code, "en"], isExact: true))
        })

    func abbreviation(_ word: String) -> Abbreviation? {
        abbreviations[word] ?? abbreviations[word.lowercased()]
    }

    /// Words that stand within names: behind an initial they begin no sentence.
    static let nameParticles: Set<String> = [
        "La", "Le", "Les", "El", "De", "Den", "Der", "Die", "Das", "Los", "Las", "Di", "Da", "Do", "Du", "Van", "Von",
        "Il",
        "Lo", "O", "A", "E", "An", "Am", "In", "Son", "May", "Will",
    ]

    /// What follows a.m. and p.m. with a capital without beginning a sentence.
    static let clockFollowers = [
        "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday", "Eastern", "Central", "Mountain",
        "Pacific", "Greenwich", "January", "February", "March", "April", "June", "July", "August", "September",
        "October",
        "November", "December", "EST", "EDT", "CST", "CDT", "MST", "MDT", "PST", "PDT", "ET", "CT", "MT", "PT", "GMT",
        "UTC", "CET", "CEST", "BST",
    ]

    private static let germanMonths = [
        "Januar", "Jänner", "Februar", "März", "April", "Mai", "Juni", "Juli", "August", "September", "Oktober",
        "November",
        "Dezember", "Jan", "Feb", "Mrz", "Apr", "Aug", "Sept", "Sep", "Okt", "Nov", "Dez",
    ]
    private static let unmistakableGermanContexts: Set<String> = [
        "vom", "zum", "dem", "den", "der", "das", "des", "im", "beim", "jeder", "jeden", "jedes", "einen", "einem",
        "eines",
        "unser", "unsere", "unserem", "unseren", "ihr", "ihre", "ihrem", "ihren", "ihrer",
    ]
    private static let germanContexts = unmistakableGermanContexts.union([
        "am", "die", "bis", "ab", "seit", "jede", "ein", "eine", "einer", "mein", "meine", "meinem", "meinen", "zur",
        "vor",
        "nach", "pro", "und", "oder", "sein", "seine", "seinem", "seinen",
    ])
}
