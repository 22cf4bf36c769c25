/// What a caller's words say about the turn: whether they take the floor, and whether they end it.
struct TurnWords: Sendable {
    /// Words that show that one listens, without saying anything: "mhm", "ja", "d'accord".
    private let backChannels: Set<String>
    /// Hesitation.
    private let fillers: Set<String>
    /// Words that join what was said to what comes.
    private let conjunctions: Set<String>
    /// Words that need another one behind them: prepositions, articles, possessives.
    private let openers: Set<String>
    private let digits: Set<String>

    private init(_ languages: [String], isExact: Bool) {
        func union(_ path: KeyPath<Lists, String>, separator: Character = " ") -> Set<String> {
            var words: Set<String> = []
            for list in languages.compactMap({ Self.lists[$0] }) {
                for word in list[keyPath: path].split(separator: separator) where isExact || !word.hasPrefix("=") {
                    words.insert(String(word.trimmingPrefix("=")))
                }
            }
            return words
        }
        backChannels = union(\.backChannels, separator: ",")
        fillers = union(\.fillers)
        conjunctions = union(\.conjunctions)
        openers = union(\.openers)
        digits = union(\.digits)
    }

    /// - Parameter language: ISO 639-1, a region behind it allowed; `nil` for all languages together.
    static func of(_ language: String?) -> TurnWords {
        guard let language else { return all }
        return byLanguage[String(language.prefix { $0.isLetter }).lowercased()] ?? all
    }

    private static let all = TurnWords(lists.keys.sorted(), isExact: false)
    private static let byLanguage = Dictionary(
        uniqueKeysWithValues: lists.keys.map { ($0, TurnWords($0 == "en" ? ["en"] : [$0, "en"], isExact: true)) })

    /// The longest phrase among the back-channels. [words]
    private static let phraseLength = 3

    /// How many words of `text` say something: all that belong to no back-channel.
    func count(in text: String) -> Int {
        let words = Self.words(of: text)
        var count = 0
        var index = 0
        while index < words.count {
            let length = (1...Self.phraseLength).reversed().first { length in
                index + length <= words.count
                    && backChannels.contains(words[index..<index + length].joined(separator: " "))
            }
            if length == nil { count += 1 }
            index += length ?? 1
        }
        return count
    }

    /// What a pause behind a turn's words means.
    enum Ending: Hashable, Sendable {
        case finished
        /// The sentence isn't at its end.
        case unfinished
        /// A number is dictated, or a word spelled, and more of it may come.
        case dictating
    }

    func ending(of text: String) -> Ending {
        guard let last = text.unicodeScalars.last(where: { !$0.properties.isWhitespace }) else { return .unfinished }
        if ",;:-–—…，、،".unicodeScalars.contains(last) || text.hasSuffix("...") { return .unfinished }
        let words = Self.words(of: text)
        if isDictation(words) { return .dictating }
        guard let word = words.last, !last.isStrongTerminator, last != "？", last != "！" else { return .finished }
        if fillers.contains(word) || conjunctions.contains(word) { return .unfinished }
        return openers.contains(word) && !last.isTerminator ? .unfinished : .finished
    }

    /// Whether the text ends in three or more digits or letters that were said one by one, as in a telephone number.
    private func isDictation(_ words: [String]) -> Bool {
        var characters = 0
        var tokens = 0
        for word in words.reversed() {
            if word.unicodeScalars.allSatisfy(\.isDigit) {
                characters += word.count
            } else if digits.contains(word) || word.count == 1 && word != "i" && word.allSatisfy(\.hasCase) {
                characters += 1
            } else {
                break
            }
            tokens += 1
        }
        // A year, a price or a house number is one token; a number of ten digits is whole.
        return characters >= 3 && characters < 10 && tokens >= 2
    }

    /// The words of a text in lower case. A sign of a script without spaces is a word, unless signs make a known phrase.
    static func words(of text: String) -> [String] {
        var words: [String] = []
        var word = String.UnicodeScalarView()
        func flush() {
            let string = String(word).lowercased()
            let trimmed = String(string.trimmingPrefix { $0 == "-" || $0 == "'" })
            if trimmed.contains(where: { $0.isLetter || $0.isNumber }) { words.append(trimmed) }
            word = String.UnicodeScalarView()
        }
        for scalar in text.unicodeScalars {
            if scalar.properties.isAlphabetic || scalar.properties.numericType != nil
                || scalar.properties.isGraphemeExtend
            {
                word.append(scalar)
            } else if scalar == "'" || scalar == "’" || scalar == "-", !word.isEmpty {
                word.append(scalar == "’" ? "'" : scalar)
            } else {
                flush()
            }
        }
        flush()
        return words.map { word in
            String(word.reversed().drop { $0 == "-" || $0 == "'" }.reversed())
        }
    }

    /// Puts the words of segments together.
    static func joined(_ texts: some Sequence<String>) -> String {
        texts.reduce(into: "") { whole, text in
            guard let before = whole.unicodeScalars.last, let after = text.unicodeScalars.first else {
                whole += text
                return
            }
            whole += before.isUnspacedScript && after.isUnspacedScript ? text : " " + text
        }
    }
}

extension Unicode.Scalar {
    /// Belongs to a script that puts no spaces between words.
    fileprivate var isUnspacedScript: Bool {
        properties.isIdeographic || (0x3001...0x30FF).contains(value) || (0x0E00...0x0E7F).contains(value)
            || (0xFF00...0xFF0F).contains(value) || value == 0xFF1F
    }
}

extension TurnWords {
    /// The lists of one language. A word behind `=` is a common one of another language: it counts only when the language
    /// is known.
    struct Lists: Sendable {
        /// Separated by commas; phrases of up to three words.
        var backChannels: String
        var fillers: String
        var conjunctions: String
        var openers: String
        var digits: String
    }

    private static let lists: [String: Lists] = [
        "en": Lists(
            backChannels: """
                mhm,mm,mmm,mm-hmm,mm-hm,uh-huh,uh huh,uhuh,uh,um,hm,hmm,huh,ah,aha,oh,yeah,yea,yep,yup,yes,ok,okay,right,\
                alright,all right,sure,i see,got it,gotcha,of course,exactly,cool,great,good,fine,wow,really,true,oh really,\
                oh okay,go on
                """,
            fillers: "um uh er erm uhm hmm mm",
            conjunctions: "and but or because cause 'cause although if unless",
            openers: """
                the a an to of in on at for from with by about into my your his her our their its which who whose i'm i we he she \
                they you'd i'd i'll than as between
                """,
            digits: "zero oh one two three four five six seven eight nine double triple"),
        "de": Lists(
            backChannels: """
                ja,jaja,ja ja,genau,okay,ok,mhm,hm,hmm,aha,ach,achso,ach so,ah ja,alles klar,klar,gut,stimmt,richtig,verstehe,\
                ich verstehe,eben,natürlich,gerne,gern,super,schön,na gut,so so,ja genau,ja klar,in ordnung
                """,
            fillers: "äh ähm öh öhm hm hmm",
            conjunctions: "und oder aber weil denn dass sondern wenn obwohl",
            openers: """
                der =die das den dem des ein eine einen einem einer zu =in im =an =am auf bei für mit nach um von vom vor zum zur über \
                unter durch gegen mein meine meinen meinem meiner dein ihr ihre unser ich wir
                """,
            digits: "null eins =ein zwei zwo drei vier fünf sechs sieben acht neun"),
        "fr": Lists(
            backChannels: """
                oui,ouais,d'accord,ok,okay,mhm,hm,ah,ah bon,ah oui,bien,très bien,voilà,c'est ça,exactement,bien sûr,tout à \
                fait,je vois,entendu,parfait,oui oui,ça va
                """,
            fillers: "euh heu hum ben bah",
            conjunctions: "et mais ou donc parce que puisque si car",
            openers: """
                le la les l' un une des du de d' à au aux en dans sur pour par avec sans chez mon ma mes ton ta votre vos notre nos \
                son sa ses ce cet cette je j' nous qui dont
                """,
            digits: "zéro un deux trois quatre cinq six sept huit neuf"),
        "es": Lists(
            backChannels: """
                sí,si,ya,vale,claro,okay,ok,ajá,aja,mhm,bueno,bien,muy bien,exacto,de acuerdo,entiendo,ah,perfecto,sí sí,eso,\
                eso es,por supuesto,cierto,correcto
                """,
            fillers: "eh em este esto pues mmm",
            conjunctions: "y e pero o u porque aunque que =si sino",
            openers: """
                el la los las lo un una unos unas =a al de del en con sin para por mi mis tu tus su sus nuestro nuestra muy
                """,
            digits: "cero uno dos tres cuatro cinco seis siete ocho nueve"),
        "it": Lists(
            backChannels: """
                sì,si,certo,va bene,ok,okay,mhm,esatto,capito,ho capito,bene,giusto,ah,ah sì,già,d'accordo,perfetto,ecco,appunto,\
                chiaro,benissimo
                """,
            fillers: "ehm eh uhm beh mah",
            conjunctions: "e ed ma =o oppure perché anche se che però",
            openers: """
                il lo la =i gli le un uno una di =a da =in con su =per tra fra del della dei al alla nel nella dal sul mio mia tuo \
                suo sua nostro
                """,
            digits: "zero uno due tre quattro cinque sei sette otto nove"),
        "pt": Lists(
            backChannels: """
                sim,tá,tá bom,está bem,certo,claro,ok,okay,mhm,aham,uhum,pois,pois é,isso,exato,entendi,bom,muito bem,ah,é,\
                perfeito,com certeza,beleza
                """,
            fillers: "hum eh é tipo né hã",
            conjunctions: "=e mas ou porque embora que =se",
            openers:
                "=o =a =os =as um uma de do da dos das em =no =na com sem para por pelo meu minha seu sua nosso muito eu",
            digits: "zero um dois três quatro cinco seis meia sete oito nove"),
        "nl": Lists(
            backChannels: """
                ja,jaja,ja ja,oké,ok,okay,mhm,hm,precies,klopt,goed,prima,juist,aha,oh,ja hoor,natuurlijk,dat klopt,inderdaad,\
                ik snap het,begrepen,duidelijk,mooi
                """,
            fillers: "eh ehm uh uhm nou",
            conjunctions: "=en maar =of want omdat dat als hoewel",
            openers:
                "=de =het een =van =in =op =aan bij met zonder voor naar om =over mijn jouw uw zijn haar ons onze ik",
            digits: "nul een twee drie vier vijf zes zeven acht negen"),
        "zh": Lists(
            backChannels: "嗯,嗯嗯,对,对对,是,是的,好,好的,哦,行,可以,明白,知道了", fillers: "嗯 那个 呃", conjunctions: "和 但是 因为 所以 如果",
            openers: "",
            digits: "零 一 二 三 四 五 六 七 八 九 幺"),
        "ja": Lists(
            backChannels: "はい,はいはい,ええ,うん,うんうん,そうですね,そうですか,なるほど,そう,へえ,分かりました,わかりました", fillers: "えっと ええと あの その",
            conjunctions: "けど でも ので から", openers: "", digits: "ゼロ 一 二 三 四 五 六 七 八 九"),
        "ko": Lists(
            backChannels: "네,예,응,아,아 네,그래요,맞아요,알겠습니다,그렇군요", fillers: "음 어 그", conjunctions: "그리고 그런데 하지만", openers: "",
            digits: "공 영 일 이 삼 사 오 육 칠 팔 구"),
    ]
}
