/// Finds the name that somebody probably meant.
struct Spelling {
    /// Comparisons that are left; a file of nothing but unknown names gets no further help.
    private var budget = 200_000

    /// The known name that is nearest; `nil` when none is near.
    mutating func nearest(to name: String, among known: some Sequence<String>) -> String? {
        let wanted = Array(name.utf8)
        let plain = Self.plain(name)
        guard wanted.count > 1 else { return nil }
        let limit = wanted.count < 3 ? 0 : min(3, max(1, wanted.count / 3))
        var best: (name: String, distance: Int)?
        for candidate in known where candidate != name {
            budget -= 1
            guard budget > 0 else { return nil }
            let length = candidate.utf8.count
            guard abs(length - wanted.count) <= limit + 2 else { continue }
            let distance =
                Self.plain(candidate) == plain ? 0 : editDistance(wanted, Array(candidate.utf8))
            guard distance <= limit, distance < wanted.count - 1 || distance == 0 else { continue }
            if let best, (best.distance, best.name) <= (distance, candidate) { continue }
            best = (candidate, distance)
        }
        return best?.name
    }

    /// Without what people write differently: capitals and underscores.
    private static func plain(_ name: String) -> [UInt8] {
        name.utf8.filter { $0 != UInt8(ascii: "_") }.map { $0 &- 0x41 < 26 ? $0 | 0x20 : $0 }
    }
}

/// Insertions, deletions, replacements and swaps of neighbours that turn one text into the other.
private func editDistance(_ left: [UInt8], _ right: [UInt8]) -> Int {
    guard left.count <= 64, right.count <= 64 else { return Int.max }
    var before: [Int] = []
    var last = Array(0...right.count)
    for (row, byte) in left.enumerated() {
        var next = [row + 1]
        for (column, other) in right.enumerated() {
            var distance = min(last[column + 1] + 1, next[column] + 1, last[column] + (byte == other ? 0 : 1))
            if row > 0, column > 0, byte == right[column - 1], left[row - 1] == other {
                distance = min(distance, before[column - 1] + 1)
            }
            next.append(distance)
        }
        before = last
        last = next
    }
    return last[right.count]
}
