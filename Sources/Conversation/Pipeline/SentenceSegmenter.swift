/// Cuts a language model's text into sentences for speech, while the text is still being written.
///
/// Nothing is lost, doubled or changed but for the white space at the cuts, and the sentences are the same however the
/// text was delivered. A sentence is given out as soon as its end is certain: usually with the first character of the next.
struct SentenceSegmenter: Sendable {
    /// Behind so many characters without an end the next comma or dash is one. [Unicode scalars]
    static let softLimit = 240
    /// No piece is longer, unless it cannot be cut. [Unicode scalars]
    static let hardLimit = 400

    let words: SentenceWords

    /// What was not given out yet. Begins with what is no white space.
    private(set) var text: [Unicode.Scalar] = []
    /// Up to where ``text`` is known to hold no end of a sentence.
    private var position = 0
    /// Where the piece begins, and where ``position`` stands, in the text's structure.
    private(set) var beginning = SentenceContext()
    private(set) var context = SentenceContext()
    /// Nothing follows ``text``.
    private(set) var isWhole = false

    /// - Parameter language: ISO 639-1, as `de` or `de-AT`; `nil` when it isn't known.
    init(language: String? = nil) {
        words = SentenceWords.of(language)
    }

    /// Takes more text.
    ///
    /// - Returns: The sentences that are whole now, in order, without white space around them.
    mutating func append(_ delta: String) -> [String] {
        text.append(contentsOf: delta.unicodeScalars)
        return takeSentences()
    }

    /// Ends the text; the segmenter can be used for another one afterwards.
    ///
    /// - Returns: What was left.
    mutating func finish() -> [String] {
        isWhole = true
        var sentences = takeSentences()
        let rest = string(text[...])
        if !rest.isEmpty { sentences.append(rest) }
        text = []
        reset()
        beginning = SentenceContext()
        context = beginning
        isWhole = false
        return sentences
    }

    /// What follows from what stands at ``position``.
    enum Step: Equatable {
        /// Nothing ends before this index.
        case advance(to: Int)
        /// The same, and the number of a list's item stands before it.
        case item(Int, to: Int)
        /// A sentence ends before this index.
        case cut(at: Int)
        /// More text decides.
        case wait
    }

    private mutating func takeSentences() -> [String] {
        var sentences: [String] = []
        skipLeadingSpace()
        while position < text.count {
            switch limited(step(at: position)) {
            case .advance(let next): advance(to: next)
            case .item(let number, let next):
                advance(to: next)
                context.listNumber = number
            case .cut(let index):
                sentences.append(string(text[..<index]))
                drop(index)
            case .wait: return sentences
            }
        }
        return sentences
    }

    private mutating func advance(to next: Int) {
        for scalar in text[position..<next] { context.take(scalar) }
        position = next
    }

    /// Cuts what has become too long.
    private func limited(_ step: Step) -> Step {
        guard position >= Self.hardLimit, case .advance = step else { return step }
        // Of what stands before the position only: what follows may not have come yet.
        let ends = (0..<position - 3).reversed().lazy.compactMap { self.clauseEnd(at: $0) }
        if let end = ends.first, end >= Self.hardLimit / 4 { return .cut(at: end) }
        if let space = text[..<position].lastIndex(where: \.isBreakingSpace) { return .cut(at: space) }
        // Not within what looks like one character.
        return text[position].continuesCharacter || text[position - 1].joinsNext ? step : .cut(at: position)
    }

    private mutating func drop(_ count: Int) {
        for scalar in text[..<count] { beginning.take(scalar) }
        beginning.listNumber = context.listNumber
        text.removeFirst(count)
        reset()
        skipLeadingSpace()
    }

    private mutating func reset() {
        position = 0
        context = beginning
    }

    private mutating func skipLeadingSpace() {
        guard position == 0 else { return }
        let count = text.prefix { $0.properties.isWhitespace }.count
        guard count > 0 else { return }
        for scalar in text[..<count] { beginning.take(scalar) }
        text.removeFirst(count)
        context = beginning
    }

    private func string(_ scalars: ArraySlice<Unicode.Scalar>) -> String {
        let end = scalars.lastIndex { !$0.properties.isWhitespace }.map { $0 + 1 } ?? scalars.startIndex
        var string = String.UnicodeScalarView()
        string.append(contentsOf: scalars[..<end])
        return String(string)
    }

    /// Whether there is something to pronounce before `index`.
    func isPronounceable(before index: Int) -> Bool {
        text[..<index].contains { $0.properties.isAlphabetic || $0.properties.numericType != nil }
    }

    func scalar(at index: Int) -> Unicode.Scalar? {
        index >= 0 && index < text.count ? text[index] : nil
    }
}

/// Where a position stands in a text's structure.
struct SentenceContext: Hashable, Sendable {
    /// Within ``` … ```.
    private(set) var isFenced = false
    /// Within ` … ` of one line.
    private(set) var isCode = false
    /// Quotes « that were not closed.
    private(set) var openGuillemets = 0
    /// Only white space and marks of headings, lists and quotations since the line began.
    private(set) var isLineStart = true
    /// The line is a heading.
    private(set) var isHeading = false
    /// The number of the list's item that stood last in this line.
    var listNumber: Int?
    private var backticks = 0

    var isVerbatim: Bool { isFenced || isCode }

    mutating func take(_ scalar: Unicode.Scalar) {
        if scalar == "`" {
            backticks += 1
            if backticks == 3 {
                // The first two have opened and closed a span.
                isFenced.toggle()
                isCode = false
            } else if backticks < 3, !isFenced {
                isCode.toggle()
            }
            return
        }
        backticks = 0
        switch scalar {
        case _ where scalar.isNewline:
            isCode = false
            isLineStart = true
            isHeading = false
            listNumber = nil
        case "«": openGuillemets += 1
        case "»": openGuillemets = max(0, openGuillemets - 1)
        case "#": if isLineStart { isHeading = true }
        default: break
        }
        if !scalar.properties.isWhitespace, !scalar.isLineMark { isLineStart = false }
    }
}
