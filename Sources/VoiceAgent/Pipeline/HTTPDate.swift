/// A date of HTTP (RFC 9110 §5.6.7), in the form that senders must use: `Sun, 06 Nov 1994 08:49:37 GMT`.
enum HTTPDate {
    private static let months: [Substring] = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]

    /// Unix time; `nil` for anything else, the two forms included that have been obsolete since 1997. [s]
    static func seconds(_ text: String) -> Int64? {
        let words = text.split(separator: " ")
        guard words.count == 6, words[0].hasSuffix(","), words[5] == "GMT", let day = Int64(words[1]),
            let month = months.firstIndex(of: words[2]), let year = Int64(words[3]), (1970...9999).contains(year),
            (1...31).contains(day)
        else { return nil }
        let clock = words[4].split(separator: ":").map { Int64($0) }
        guard clock.count == 3, let hours = clock[0], let minutes = clock[1], let seconds = clock[2],
            (0..<24).contains(hours), (0..<60).contains(minutes), (0...60).contains(seconds)
        else { return nil }
        // Days since 1970-01-01; years begin in March, so that the leap day is their last.
        let shifted = month < 2 ? year - 1 : year
        let era = shifted / 400
        let yearOfEra = shifted - era * 400
        let dayOfYear = (153 * ((Int64(month) + 10) % 12) + 2) / 5 + day - 1
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        let days = era * 146_097 + dayOfEra - 719_468
        return days * 86_400 + hours * 3_600 + minutes * 60 + seconds
    }
}
