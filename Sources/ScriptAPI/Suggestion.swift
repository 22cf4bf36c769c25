/// ` (did you mean 'x'?)` for the known name that is nearest; empty when none is near.
package func suggestion(for name: String, among known: some Sequence<String>) -> String {
    var best: (name: String, distance: Int)?
    for candidate in known {
        let distance = editDistance(Array(name.utf8), Array(candidate.utf8))
        if distance < best?.distance ?? Int.max { best = (candidate, distance) }
    }
    guard let best, best.distance <= max(2, name.utf8.count / 3) else { return "" }
    return " (did you mean '\(best.name)'?)"
}

/// Insertions, deletions, replacements and swaps of neighbours that turn one text into the other.
package func editDistance(_ left: [UInt8], _ right: [UInt8]) -> Int {
    guard left.count <= 64, right.count <= 64 else { return Int.max }
    var rows: [[Int]] = [Array(0...right.count)]
    for (row, byte) in left.enumerated() {
        var next = [row + 1]
        for (column, other) in right.enumerated() {
            var distance = min(rows[row][column + 1] + 1, next[column] + 1, rows[row][column] + (byte == other ? 0 : 1))
            if row > 0, column > 0, byte == right[column - 1], left[row - 1] == other {
                distance = min(distance, rows[row - 1][column - 1] + 1)
            }
            next.append(distance)
        }
        rows.append(next)
    }
    return rows[left.count][right.count]
}
