extension SentenceSegmenter {
    /// What the character at `index` means.
    func step(at index: Int) -> Step {
        let current = text[index]
        if current.isNewline { return newline(at: index) }
        if context.isVerbatim { return .advance(to: index + 1) }
        if current.isTerminator { return terminator(at: index) }
        if index >= Self.softLimit { return clause(at: index) }
        return .advance(to: index + 1)
    }

    // MARK: Lines

    private func newline(at index: Int) -> Step {
        if context.isFenced { return .advance(to: index + 1) }
        var end = index
        var lines = 0
        while let scalar = scalar(at: end), scalar.properties.isWhitespace {
            if scalar.isNewline, !(scalar == "\n" && end > index && text[end - 1] == "\r") { lines += 1 }
            end += 1
            // Two lines decide alone, but the CR of a CR LF is no line of its own.
            if lines >= 2 { break }
        }
        guard isPronounceable(before: index) else { return .advance(to: index + 1) }
        if lines >= 2 || context.isHeading { return .cut(at: index) }
        guard let next = scalar(at: end) else { return isWhole ? .cut(at: index) : .wait }
        guard let last = text[..<index].lastIndex(where: { !$0.properties.isWhitespace }) else {
            return .advance(to: end)
        }
        let abbreviation = text[last] == "." ? words.abbreviation(word(before: last)) : nil
        guard next.properties.isLowercase else { return abbreviation == .leading ? .advance(to: end) : .cut(at: index) }
        // A line that goes on, unless it is the next item of a list.
        if abbreviation != nil { return .advance(to: end) }
        if text[last].isTerminator || text[last] == ":" { return .cut(at: index) }
        guard let second = scalar(at: end + 1) else { return isWhole ? .advance(to: end) : .wait }
        return second == ")" || second == "." ? .cut(at: index) : .advance(to: end)
    }

    // MARK: The end of a sentence

    private func terminator(at index: Int) -> Step {
        var end = index
        while let scalar = scalar(at: end), scalar.isTerminator { end += 1 }
        let run = text[index..<end]
        let isUnspaced = run.contains { $0.isUnspacedTerminator }
        var hasCloser = false
        var space: Range<Int>?
        while true {
            guard let next = scalar(at: end) else { return .wait }
            if next.isCloser || next.isGraphic && !next.isTerminator {
                hasCloser = hasCloser || next.isCloser
                end += 1
                continue
            }
            guard next.isBreakingSpace || next.properties.isWhitespace else { break }
            // « Oui ! » closes behind a space, and a pictograph belongs to what it comments on.
            var beyond = end
            var breaksLine = false
            while let scalar = scalar(at: beyond), scalar.properties.isWhitespace {
                breaksLine = breaksLine || scalar.isNewline
                beyond += 1
            }
            guard !breaksLine else { return .advance(to: end) }
            guard let following = scalar(at: beyond) else { return .wait }
            let isClosing = following == "»" && context.openGuillemets > 0
            guard isClosing || following.isGraphic else {
                space = end..<beyond
                break
            }
            hasCloser = hasCloser || isClosing
            end = beyond + 1
        }
        guard isPronounceable(before: index) else { return .advance(to: end) }
        guard let space else { return unspaced(run, end: end, isUnspaced: isUnspaced, hasCloser: hasCloser) }
        return spaced(run, end: end, next: space.upperBound, isUnspaced: isUnspaced, hasCloser: hasCloser)
    }

    /// Something follows without a space.
    private func unspaced(_ run: ArraySlice<Unicode.Scalar>, end: Int, isUnspaced: Bool, hasCloser: Bool) -> Step {
        let next = text[end]
        // 「はい。」と言った is one sentence.
        if isUnspaced { return hasCloser && next == "と" ? .advance(to: end) : .cut(at: end) }
        let isStrong = run.contains { $0.isStrongTerminator }
        return isStrong && next.properties.isIdeographic ? .cut(at: end) : .advance(to: end)
    }

    private func spaced(
        _ run: ArraySlice<Unicode.Scalar>, end: Int, next: Int, isUnspaced: Bool, hasCloser: Bool
    ) -> Step {
        let following = text[next]
        let isLowercase = following.properties.isLowercase
        if isUnspaced { return .cut(at: end) }
        if run.contains(where: { $0.isStrongTerminator }) {
            return hasCloser && isLowercase ? .advance(to: end) : .cut(at: end)
        }
        if run.count > 1 || run.first == "…" {
            // "etc..." and "Well... maybe": what hesitates goes on, unless a sentence begins.
            return isLowercase || following.isDigit ? .advance(to: end) : .cut(at: end)
        }
        return fullStop(at: run.startIndex, end: end, next: next, hasCloser: hasCloser)
    }

    // MARK: The full stop

    private func fullStop(at stop: Int, end: Int, next: Int, hasCloser: Bool) -> Step {
        let word = word(before: stop)
        let following = text[next]
        if word.count <= 4, let number = Int(word) {
            let start = stop - word.unicodeScalars.count
            if word.count <= 3 || isListPlace(before: start),
                let step = numbered(number, word, at: stop, end: end, next: next)
            {
                return step
            }
        }
        let isWord = !hasCloser && words.abbreviation(word) == nil
        if following.properties.isLowercase {
            // A sentence that begins without a capital, as some write; short words are rather abbreviations.
            return isWord && word.count >= 4 && word.allSatisfy(\.isLetter) ? .cut(at: end) : .advance(to: end)
        }
        if isListMark(word, before: stop) { return .advance(to: end) }
        switch kind(of: word) {
        case nil: return .cut(at: end)
        case .leading: return .advance(to: end)
        case .beforeNumber:
            let isNumber = following.isDigit || "+#$€£".unicodeScalars.contains(following)
            return isNumber ? .advance(to: end) : .cut(at: end)
        case .clock: return afterClock(end: end, next: next)
        case .either: return beforeStarter(end: end, next: next, isName: word.count == 1 || word.lowercased() == "st")
        }
    }

    private func kind(of word: String) -> SentenceWords.Abbreviation? {
        if let known = words.abbreviation(word) { return known }
        let parts = word.split(separator: ".", omittingEmptySubsequences: false)
        // U.S, Ph.D, J: letters with stops between them.
        let isShort = parts.allSatisfy { $0.count == 1 && $0.first.map { $0.hasCase } == true }
        if isShort { return .either }
        // Hauptstr. 5
        let lower = word.lowercased()
        return !words.months.isEmpty && lower.hasSuffix("str") ? .beforeNumber : nil
    }

    /// The sentence ends if a word follows that begins sentences.
    private func beforeStarter(end: Int, next: Int, isName: Bool) -> Step {
        let candidates = isName ? words.starters.subtracting(SentenceWords.nameParticles) : words.starters
        switch match(candidates, at: next) {
        case nil: return .wait
        case true?: return .cut(at: end)
        case false?: return .advance(to: end)
        }
    }

    /// The sentence ends before a capital, unless what follows belongs to the time.
    private func afterClock(end: Int, next: Int) -> Step {
        let following = text[next]
        guard following.properties.isUppercase else {
            return following.isDigit || following.isCloser || following == "(" || following == "-" || following == "–"
                ? .advance(to: end) : .cut(at: end)
        }
        switch match(SentenceWords.clockFollowers, at: next) {
        case nil: return .wait
        case true?: return .advance(to: end)
        case false?: return .cut(at: end)
        }
    }

    /// Whether one of `candidates` stands at `next`, opening marks aside; `nil` when that isn't certain yet.
    ///
    /// - Parameter allowsStop: Also before a full stop; without, that makes it an initial or another abbreviation.
    private func match(_ candidates: some Collection<String>, at next: Int, allowsStop: Bool = false) -> Bool? {
        var start = next
        while let scalar = scalar(at: start), scalar.isOpener { start += 1 }
        var end = start
        while let scalar = scalar(at: end), scalar.properties.isAlphabetic || scalar == "'" || scalar == "’" {
            end += 1
        }
        var view = String.UnicodeScalarView()
        view.append(contentsOf: text[start..<end].map { $0 == "’" ? "'" : $0 })
        let word = String(view)
        guard let beyond = scalar(at: end) else {
            if isWhole { return candidates.contains(word) }
            return candidates.contains { $0.hasPrefix(word) } ? nil : false
        }
        return (allowsStop || beyond != ".") && candidates.contains(word)
    }

    // MARK: Numbers

    /// What a stop behind a number means: the mark of a list's item, an ordinal, a date; `nil`: what it means elsewhere.
    private func numbered(_ number: Int, _ word: String, at stop: Int, end: Int, next: Int) -> Step? {
        let start = stop - word.unicodeScalars.count
        let following = text[next]
        if isListPlace(before: start) || number == 1 && start == 0 { return .item(number, to: end) }
        if let last = context.listNumber, number == last + 1 {
            // "1. First 2. Second" in one line.
            let before = text[..<start].lastIndex { !$0.properties.isWhitespace }
            if let before, isPronounceable(before: before + 1) { return .cut(at: before + 1) }
            return .item(number, to: end)
        }
        if number == 1, let before = text[..<start].last(where: { !$0.properties.isWhitespace }), before == ":" {
            return .item(number, to: end)
        }
        guard !words.months.isEmpty else { return nil }
        if following.isDigit, word.count <= 2 { return .advance(to: end) }
        guard following.properties.isUppercase else { return nil }
        switch match(words.months, at: next, allowsStop: true) {
        case nil: return .wait
        case true?: return .advance(to: end)
        case false?: break
        }
        guard words.ordinalContexts.contains(self.word(before: wordEnd(before: start)).lowercased()) else { return nil }
        switch match(words.starters, at: next) {
        case nil: return .wait
        case true?: return .cut(at: end)
        case false?: return .advance(to: end)
        }
    }

    /// Whether what stands at `index` would be the mark of a list's item: at a line's or at the text's beginning.
    private func isListPlace(before index: Int) -> Bool {
        let line = text[..<max(0, index)].lastIndex(where: \.isNewline).map { $0 + 1 } ?? 0
        guard text[line..<max(line, index)].allSatisfy({ $0.properties.isWhitespace || $0.isLineMark }) else {
            return false
        }
        return line > 0 || beginning.isLineStart
    }

    /// `a.` or `IV.` at the beginning of a line.
    private func isListMark(_ word: String, before stop: Int) -> Bool {
        guard isListPlace(before: stop - word.unicodeScalars.count) else { return false }
        return (1...4).contains(word.count) && word.allSatisfy { "IVX".contains($0) }
            || word.count == 1 && word.allSatisfy(\.isLetter)
    }

    // MARK: Words

    /// The word that ends before `stop`: without quotes, brackets and markup, and with the initials that belong to it
    /// ("z. B" is "z.B").
    func word(before stop: Int) -> String {
        var start = stop
        while start > 0, !text[start - 1].bordersWord { start -= 1 }
        var view = String.UnicodeScalarView()
        view.append(contentsOf: text[start..<stop])
        var word = String(view)
        if let elision = word.firstIndex(where: { $0 == "'" || $0 == "’" }),
            ["l", "d", "qu", "dell", "all", "nell", "sull"].contains(word[..<elision].lowercased())
        {
            word = String(word[word.index(after: elision)...])
        }
        // One letter and a stop before it.
        var earlier = start
        for _ in 0..<3 {
            guard earlier >= 3, text[earlier - 1].properties.isWhitespace, text[earlier - 2] == ".",
                text[earlier - 3].properties.isAlphabetic, earlier == 3 || text[earlier - 4].bordersWord
            else { break }
            let longer = "\(text[earlier - 3]).\(word)"
            guard words.abbreviation(longer) != nil || word.count == 1 else { break }
            word = longer
            earlier -= 3
        }
        return word
    }

    private func wordEnd(before index: Int) -> Int {
        var end = index
        while end > 0, text[end - 1].properties.isWhitespace { end -= 1 }
        return end
    }

    // MARK: Clauses

    private func clause(at index: Int) -> Step {
        guard text[index].isClauseMark else { return .advance(to: index + 1) }
        // A quote may close behind it, and a number may follow.
        guard isWhole || index + 3 < text.count else { return .wait }
        guard let end = clauseEnd(at: index), end < text.count, isPronounceable(before: index) else {
            return .advance(to: index + 1)
        }
        return .cut(at: end)
    }

    /// Where a clause ends, if one does with the character at `index`.
    func clauseEnd(at index: Int) -> Int? {
        let mark = text[index]
        guard mark.isClauseMark else { return nil }
        switch mark {
        case "，", "、", "；", "：": return index + 1
        case "—": return index + 1
        case "-", "–":
            let isFree = scalar(at: index - 1)?.properties.isWhitespace == true
            return isFree && scalar(at: index + 1)?.isBreakingSpace == true ? index + 1 : nil
        default:
            var end = index + 1
            if let closer = scalar(at: end), closer.isCloser { end += 1 }
            guard scalar(at: end)?.isBreakingSpace == true, scalar(at: end + 1)?.isDigit != true else { return nil }
            return end
        }
    }
}
