/// Numbers and columns for people.
enum Text {
    static func decimal(_ value: Double, _ digits: Int) -> String {
        guard value.isFinite, abs(value) < 1e12 else { return "–" }
        var scale = 1.0
        for _ in 0..<digits { scale *= 10 }
        let whole = Int64((abs(value) * scale).rounded())
        let sign = value < 0 && whole > 0 ? "-" : ""
        guard digits > 0 else { return sign + "\(whole)" }
        let fraction = String(whole % Int64(scale))
        return sign + "\(whole / Int64(scale))." + String(repeating: "0", count: digits - fraction.count) + fraction
    }

    /// Microseconds as milliseconds.
    static func milliseconds(_ microseconds: Double) -> String {
        decimal(microseconds / 1_000, microseconds < 9_950 ? 2 : 1)
    }

    /// Rows with their columns aligned to the right; the first row is the heading.
    static func table(_ rows: [[String]]) -> String {
        var widths: [Int] = []
        for row in rows {
            for (column, text) in row.enumerated() {
                if column == widths.count { widths.append(0) }
                widths[column] = max(widths[column], text.count)
            }
        }
        return rows.map { row in
            "  "
                + row.enumerated().map { column, text in
                    String(repeating: " ", count: widths[column] - text.count) + text
                }.joined(separator: "  ")
        }.joined(separator: "\n")
    }
}
