extension SpeechGrammar {
    /// Which phrases, in order, `words` are made of; `nil` when the grammar doesn't allow them.
    ///
    /// Of several readings, the one with the fewest phrases is taken.
    public func phrases(in words: [String]) -> [(phrase: Phrase, words: ArraySlice<String>)]? {
        // Shortest paths over the places between words.
        var best: [Int: (count: Int, from: Int, phrase: Int)] = [0: (0, 0, 0)]
        for start in words.indices {
            guard let reached = best[start], allowsSequences || start == 0 else { continue }
            for (index, phrase) in phrases.enumerated() {
                for end in ends(of: phrase.element, in: words, from: start) where end > start {
                    if let known = best[end], known.count <= reached.count + 1 { continue }
                    best[end] = (reached.count + 1, start, index)
                }
            }
        }
        var result: [(phrase: Phrase, words: ArraySlice<String>)] = []
        var end = words.count
        while end > 0 {
            guard let step = best[end] else { return nil }
            result.append((phrases[step.phrase], words[step.from..<end]))
            end = step.from
        }
        return result.reversed()
    }

    /// Where `element` can end in `words` when it begins at `start`.
    private func ends(of element: Element, in words: [String], from start: Int) -> Set<Int> {
        switch element {
        case .word(let word):
            return start < words.count && words[start] == word ? [start + 1] : []
        case .sequence(let parts):
            return parts.reduce([start]) { starts, part in
                starts.reduce(into: []) { $0.formUnion(ends(of: part, in: words, from: $1)) }
            }
        case .alternatives(let parts):
            return parts.reduce(into: []) { $0.formUnion(ends(of: $1, in: words, from: start)) }
        case .optional(let part):
            return ends(of: part, in: words, from: start).union([start])
        case .repeated(let part):
            var found: Set<Int> = []
            var frontier = ends(of: part, in: words, from: start)
            while !frontier.isEmpty {
                found.formUnion(frontier)
                frontier = frontier.reduce(into: Set<Int>()) { $0.formUnion(ends(of: part, in: words, from: $1)) }
                    .subtracting(found)
            }
            return found
        case .slot(let name):
            return slots[name].map { ends(of: $0, in: words, from: start) } ?? []
        }
    }
}
