/// A sentence in two forms: as the model wrote it, which its context keeps, and as it is spoken.
///
/// Where the two differ, a run of words that has no counterpart is taken as a whole: of "Dr. Smith at 3:30", spoken as
/// "Doctor Smith at half past three", nothing of "3:30" was heard until "three" was.
struct RewrittenSentence: Hashable, Sendable {
    let shown: String
    let spoken: String

    /// What stands for a spoken beginning in the form that is shown.
    ///
    /// - Parameter heard: A prefix of ``spoken`` that ends with a word.
    func shown(heard: String) -> String {
        if shown == spoken { return heard }
        let spokenWords = spoken.spokenWords
        let shownWords = shown.spokenWords
        let heardCount = heard.spokenWords.count
        if heardCount >= spokenWords.count { return shown }
        var count = 0
        for (spokenIndex, shownIndex) in RewrittenSentence.common(spokenWords, shownWords) {
            // The words before a common one were heard when it begins.
            if spokenIndex <= heardCount { count = max(count, shownIndex) }
            if spokenIndex < heardCount { count = max(count, shownIndex + 1) }
        }
        guard count > 0 else { return "" }
        return String(shown[..<shownWords[count - 1].endIndex])
    }

    /// Pairs of words that both have, in order: a longest common subsequence.
    private static func common(_ left: [Substring], _ right: [Substring]) -> [(Int, Int)] {
        // Sentences are short; beyond, the words that differ are one run.
        guard left.count * right.count <= 250_000 else { return [] }
        var lengths = [[Int]](repeating: [Int](repeating: 0, count: right.count + 1), count: left.count + 1)
        for i in left.indices.reversed() {
            for j in right.indices.reversed() {
                lengths[i][j] =
                    left[i] == right[j] ? lengths[i + 1][j + 1] + 1 : max(lengths[i + 1][j], lengths[i][j + 1])
            }
        }
        var pairs: [(Int, Int)] = []
        var (i, j) = (0, 0)
        while i < left.count, j < right.count {
            if left[i] == right[j] {
                pairs.append((i, j))
                i += 1
                j += 1
            } else if lengths[i + 1][j] >= lengths[i][j + 1] {
                i += 1
            } else {
                j += 1
            }
        }
        return pairs
    }
}
