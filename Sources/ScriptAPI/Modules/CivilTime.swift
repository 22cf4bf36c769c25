/// A date and a time of day without zone, in the Gregorian calendar, from the year 1 to 9999.
struct CivilTime: Hashable {
    var year: Int
    /// 1…12.
    var month: Int
    /// 1…31.
    var day: Int
    var hour = 0
    var minute = 0
    var second = 0

    /// Unix times of these years. [s]
    static let seconds: ClosedRange<Int64> = -62_135_596_800...253_402_300_799

    init(year: Int, month: Int, day: Int, hour: Int = 0, minute: Int = 0, second: Int = 0) {
        self.year = year
        self.month = month
        self.day = day
        self.hour = hour
        self.minute = minute
        self.second = second
    }

    /// - Parameter seconds: Since 1970-01-01 00:00, as if every day had 86,400; clamped to ``seconds``.
    init(seconds: Int64) {
        let seconds = min(max(seconds, CivilTime.seconds.lowerBound), CivilTime.seconds.upperBound)
        let ofDay = Int((seconds % 86_400 + 86_400) % 86_400)
        let days = Int((seconds - Int64(ofDay)) / 86_400)
        // Days are counted from 1 March of the year 0, so that the leap day is the last of a year.
        let shifted = days + 719_468
        let era = shifted / 146_097
        let dayOfEra = shifted % 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        day = dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
        hour = ofDay / 3_600
        minute = ofDay / 60 % 60
        second = ofDay % 60
    }

    /// Whether there is such a date and such a time of day.
    var isValid: Bool {
        (1...9_999).contains(year) && (1...12).contains(month)
            && (1...CivilTime.days(inMonth: month, of: year)).contains(day)
            && (0...23).contains(hour) && (0...59).contains(minute) && (0...59).contains(second)
    }

    /// Since 1970-01-01 00:00, as if every day had 86,400. The value must be valid. [s]
    var seconds: Int64 { Int64(daysSince1970) * 86_400 + Int64(hour * 3_600 + minute * 60 + second) }

    private var daysSince1970: Int {
        let shiftedYear = month <= 2 ? year - 1 : year
        let era = shiftedYear / 400
        let yearOfEra = shiftedYear % 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }

    static func isLeap(_ year: Int) -> Bool { year % 4 == 0 && year % 100 != 0 || year % 400 == 0 }

    static func days(inMonth month: Int, of year: Int) -> Int {
        switch month {
        case 2: isLeap(year) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }

    /// 1 for Monday to 7 for Sunday (ISO 8601).
    var weekday: Int { ((daysSince1970 + 3) % 7 + 7) % 7 + 1 }

    /// 1…366.
    var dayOfYear: Int { daysSince1970 - CivilTime(year: year, month: 1, day: 1).daysSince1970 + 1 }

    /// Year and number of the week, of which the first has the year's first Thursday (ISO 8601).
    var week: (year: Int, number: Int) {
        let number = (dayOfYear - weekday + 10) / 7
        if number < 1 { return (year - 1, CivilTime.weeks(of: year - 1)) }
        return number > CivilTime.weeks(of: year) ? (year + 1, 1) : (year, number)
    }

    private static func weeks(of year: Int) -> Int {
        let first = CivilTime(year: year, month: 1, day: 1).weekday
        return first == 4 || first == 3 && isLeap(year) ? 53 : 52
    }

    /// The day as many months later; where the month has no such day, its last one.
    ///
    /// - Returns: `nil` when the year would be outside 1…9999.
    func adding(months: Int64) -> CivilTime? {
        let (count, overflow) = months.addingReportingOverflow(Int64(year * 12 + month - 1))
        guard !overflow, (12..<120_000).contains(count) else { return nil }
        var moved = self
        moved.year = Int(count / 12)
        moved.month = Int(count % 12) + 1
        moved.day = min(day, CivilTime.days(inMonth: moved.month, of: moved.year))
        return moved
    }
}
