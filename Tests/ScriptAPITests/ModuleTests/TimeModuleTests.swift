import Conversation
import Glibc
import SansIO
import Testing

@testable import ScriptAPI

@Suite("require \"time\"") struct TimeModuleTests {
    @Test("now is the call's time, and stands still while the script runs")
    func now() throws {
        #expect(try ModuleRun.value("return time.now() == require('moonline').now()") == true)
        #expect(try ModuleRun.value("return time.zone()") == "Europe/Berlin")
    }

    @Test("every directive writes what C's strftime writes")
    func strftimeAgrees() throws {
        let directives = "Y y m d e H I M S p A a B b j u w G V F T R D n t % s".split(separator: " ")
        var random = SeededRandom(seed: 7)
        var times: [Int] = [0, 951_782_400, 1_798_761_599, 1_483_228_800, 1_104_537_600, -1, -86_401]
        for _ in 0..<2_000 { times.append(Int.random(in: -60_000_000_000...250_000_000_000, using: &random)) }
        let zone = try #require(ScriptZone("UTC"))
        for letter in directives {
            let format = try TimeFormat("%" + letter)
            for time in times {
                var seconds = time_t(time)
                var parts = tm()
                gmtime_r(&seconds, &parts)
                var buffer = [CChar](repeating: 0, count: 64)
                let count = strftime(&buffer, buffer.count, "%\(letter)", &parts)
                let year = Int(parts.tm_year) + 1_900
                var expected = String(decoding: buffer[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
                // glibc does not fill years up to four digits, and `%s` reads the parts in the process's own zone.
                if year < 1_000, "YFG".contains(letter) { continue }
                if letter == "s" { expected = String(time) }
                #expect(format.text(of: Double(time), in: zone) == expected, "%\(letter) of \(time)")
            }
        }
    }

    @Test("dates survive the way to seconds and back, over all of the calendar")
    func roundTrip() {
        var previous = CivilTime(seconds: CivilTime.seconds.lowerBound)
        #expect(previous == CivilTime(year: 1, month: 1, day: 1))
        var seconds = CivilTime.seconds.lowerBound
        while seconds + 86_400 * 13 <= CivilTime.seconds.upperBound {
            seconds += 86_400 * 13
            let civil = CivilTime(seconds: seconds)
            guard civil.isValid, civil.seconds == seconds, civil != previous else {
                Issue.record("\(civil) at \(seconds) is wrong, \(civil.seconds)")
                return
            }
            previous = civil
        }
        #expect(CivilTime(seconds: CivilTime.seconds.upperBound).description == "9999-12-31 23:59:59")
    }

    @Test(
        "texts of a time",
        arguments: [
            ("time.format(1796135409, '%A, %B %-d, %-I:%M %p')", "Tuesday, December 1, 3:30 PM"),
            ("time.format(1796135409, '%H:%M %z', 'America/New_York')", "09:30 -0500"),
            ("time.format(1796135409, '%Z', 'America/New_York')", "EST"),
            ("time.format(1796135409, '%H:%M', '+05:30')", "20:00"), ("time.format(1.25, '%s.%f', 'UTC')", "1.250000"),
            ("time.format(-0.5, '%F %T', 'UTC')", "1969-12-31 23:59:59"),
            ("time.format(0, 'é 100%%')", "é 100%"), ("time.iso(1796135409)", "2026-12-01T15:30:09+01:00"),
            ("time.iso(1796135409, 'UTC')", "2026-12-01T14:30:09Z"),
            ("time.iso(1796135409, 'Asia/Kathmandu')", "2026-12-01T20:15:09+05:45"),
            ("time.iso(1783000000)", "2026-07-02T15:46:40+02:00"),
        ])
    func texts(source: String, expected: String) throws {
        #expect(try ModuleRun.value("return \(source)") == .string(expected))
    }

    @Test(
        "times of a text",
        arguments: [
            ("'2026-12-01'", 1_796_079_600), ("'2026-12-01T15:30:09'", 1_796_135_409),
            ("'2026-12-01 15:30'", 1_796_135_400), ("'2026-12-01T14:30:09Z'", 1_796_135_409),
            ("'2026-12-01T14:30:09.25Z'", 1_796_135_409.25), ("'2026-12-01T20:00:09+05:30'", 1_796_135_409),
            ("'2026-12-01T06:30:09-0800'", 1_796_135_409), ("'2026-12-01T15:30:09', nil, 'UTC'", 1_796_139_009),
            ("'1 December 2026 3:30 pm', '%d %B %Y %I:%M %p'", 1_796_135_400),
            ("'Tue, 01 Dec 2026', '%a, %d %b %Y'", 1_796_079_600), ("'12/01/26', '%D', 'UTC'", 1_796_083_200),
            ("'2026-335', '%Y-%j', 'UTC'", 1_796_083_200), ("'12 AM', '%I %p', 'UTC'", 0),
            ("'12 PM', '%I %p', 'UTC'", 43_200), ("'1796135409', '%s'", 1_796_135_409),
            ("'12:00 +0200', '%H:%M %z'", 36_000),
        ] as [(String, Double)])
    func times(source: String, expected: Double) throws {
        #expect(try ModuleRun.value("return time.parse(\(source))") == .number(expected))
    }

    @Test(
        "a text that is no time is nil, a message and a code",
        arguments: [
            ("'tomorrow'", "a date such as 2026-12-01 expected, got \"tomorrow\""), ("''", "a date such as"),
            ("'2026-02-30'", "there is no 2026-02-30 00:00:00"), ("'2026-13-01'", "there is no 2026-13-01"),
            ("'2026-12-01T25:00'", "there is no 2026-12-01 25:00:00"), ("'2026-12-01T10'", "a time such as 14:30"),
            ("'2026-12-01x'", "unexpected \"x\""), ("'2026-12-01T10:00:00+1'", "unexpected \"1\""),
            ("'x', '%Y'", "%Y does not fit \"x\""), ("'2026 EST', '%Y %Z'", "%Z does not fit \"EST\""),
            ("'13 PM', '%I %p'", "there is no hour 13 with AM or PM"), ("'2025 366', '%Y %j'", "has no day 366"),
            ("'0000 1', '%Y %j'", "there is no year 0"), ("('9'):rep(2000)", "longer than 1024 bytes"),
            ("'2026-12-01T10:00:00.'", "digits expected behind the point"),
        ])
    func notTimes(source: String, expected: String) throws {
        let values = try ModuleRun.values("return time.parse(\(source))")
        #expect(values.count == 3)
        #expect(values.last == "invalid_argument")
        #expect(values[1].string?.contains(expected) == true, "\(values)")
    }

    @Test("what format writes, parse reads")
    func formatAndParse() throws {
        var random = SeededRandom(seed: 11)
        let formats = [
            "%Y-%m-%dT%H:%M:%S%z", "%A %e %B %Y %I:%M:%S %p %z", "%s.%f", "%Y %j %T %z", "%a %-d %b %Y %T %z",
        ]
        for name in ["UTC", "Europe/Berlin", "America/St_Johns", "Australia/Lord_Howe", "-03:30"] {
            let zone = try #require(ScriptZone(name))
            for format in try formats.map({ try TimeFormat($0) }) {
                for _ in 0..<50 {
                    let time = Double(Int.random(in: 0...4_000_000_000, using: &random))
                    #expect(try ParsedTime(format.text(of: time, in: zone), format: format).time(in: zone) == time)
                }
            }
        }
    }

    @Test("a date's fields, and the way back")
    func dates() throws {
        #expect(
            try ModuleRun.value("return time.date(1796135409)") == [
                "day": 1, "hour": 15, "minute": 30, "month": 12, "offset": 3_600, "second": 9, "weekday": 2,
                "year": 2026, "yearday": 335, "zone": "Europe/Berlin",
            ])
        #expect(try ModuleRun.value("return time.date(0, 'UTC').zone") == "UTC")
        #expect(try ModuleRun.value("return time.from(time.date(1796135409, 'Asia/Tokyo'))") == 1_796_135_409.0)
        #expect(try ModuleRun.value("return time.from { year = 2026, month = 12, day = 1 }") == 1_796_079_600.0)
        #expect(
            try ModuleRun.values("return time.from { year = 2026, month = 2, day = 29 }")
                == [.null, "from: there is no 2026-02-29 00:00:00", "invalid_argument"])
        #expect(
            try ModuleRun.values("return time.from { year = math.maxinteger, month = 1, day = 1 }").last
                == "invalid_argument")
    }

    /// In Berlin clocks go from 02:00 to 03:00 on 2026-03-29, and from 03:00 back to 02:00 on 2026-10-25.
    @Test(
        "clocks that are set forward and back",
        arguments: [
            ("from { year = 2026, month = 3, day = 29, hour = 1, minute = 59 }", "2026-03-29T01:59:00+01:00"),
            ("from { year = 2026, month = 3, day = 29, hour = 2, minute = 30 }", "2026-03-29T03:30:00+02:00"),
            ("from { year = 2026, month = 3, day = 29, hour = 3 }", "2026-03-29T03:00:00+02:00"),
            ("from { year = 2026, month = 10, day = 25, hour = 2, minute = 30 }", "2026-10-25T02:30:00+02:00"),
            ("from { year = 2026, month = 10, day = 25, hour = 3 }", "2026-10-25T03:00:00+01:00"),
            ("add(time.parse '2026-03-28T12:00', { days = 1 })", "2026-03-29T12:00:00+02:00"),
            ("add(time.parse '2026-03-28T12:00', { hours = 24 })", "2026-03-29T13:00:00+02:00"),
            ("add(time.parse '2026-03-28T02:30', { days = 1 })", "2026-03-29T03:30:00+02:00"),
            ("add(time.parse '2026-10-24T02:30', { days = 1, hours = 1 })", "2026-10-25T02:30:00+01:00"),
            ("add(time.parse '2026-10-26T12:00', { days = -1 })", "2026-10-25T12:00:00+01:00"),
            ("add(time.parse '2026-10-26T12:00', { days = -2 })", "2026-10-24T12:00:00+02:00"),
            ("add(time.parse '2026-01-31', { months = 1 })", "2026-02-28T00:00:00+01:00"),
            ("add(time.parse '2026-01-31', { months = 2 })", "2026-03-31T00:00:00+02:00"),
            ("add(time.parse '2028-02-29', { years = 1 })", "2029-02-28T00:00:00+01:00"),
            ("add(time.parse '2026-03-31', { months = -1 })", "2026-02-28T00:00:00+01:00"),
            ("add(time.parse '2026-12-31T23:30', { weeks = 1, days = 1, minutes = 40 })", "2027-01-09T00:10:00+01:00"),
        ])
    func clockChanges(source: String, expected: String) throws {
        #expect(try ModuleRun.value("return time.iso(time.\(source))") == .string(expected))
    }

    @Test("adding out of the calendar fails, and never traps")
    func far() throws {
        for amount in ["years = 8000", "years = -2026", "days = 4000000", "seconds = 1e300", "months = 4000000"] {
            #expect(
                try ModuleRun.values("return time.add(1796135409, { \(amount) })").last == "invalid_argument",
                "\(amount)")
        }
    }

    @Test(
        "wrong arguments are errors of the caller's line",
        arguments: [
            (
                "time.format(0, '%Y', 'Europe/Berln')",
                "unknown time zone 'Europe/Berln' (did you mean 'Europe/Berlin'?)"
            ),
            ("time.iso(0, 'GMT+5')", "bad argument #2 to 'iso' (unknown time zone 'GMT+5'"),
            ("time.iso(0, '')", "unknown time zone ''"), ("time.iso(0, '../../etc/passwd')", "unknown time zone"),
            ("time.format(0, '%Q')", "bad argument #2 to 'format' (unknown directive '%Q'; use those of strftime)"),
            ("time.format(0, '%')", "the format ends in '%'"),
            ("time.format(0, ('x'):rep(2000))", "longer than 1024 bytes"),
            ("time.iso(0/0)", "a Unix time in the years 1 to 9999 expected"),
            ("time.iso(1e15)", "a Unix time in the years 1 to 9999 expected"),
            ("time.from { year = 2026, month = 1 }", "field 'day': integer expected, got nil"),
            ("time.add(0, { day = 1 })", "unknown field 'day' (did you mean 'days'?)"),
            ("time.add(0, { days = 1.5 })", "field 'days': number has no integer representation"),
            ("time.add(0, { years = math.mininteger })", "is too many"),
        ])
    func misuse(source: String, expected: String) throws {
        let message = try ModuleRun.error(source)
        #expect(message.contains(expected), "\(message)")
    }

    @Test("no text and no format traps")
    func mutations() throws {
        var random = SeededRandom(seed: 3)
        let alphabet = Array("0123456789-:+TZ %YmdHMSjpBbAazsfIFeuwGV.,x é\u{0}".unicodeScalars)
        let zone = try #require(ScriptZone("Europe/Berlin"))
        var parsed = 0
        func text(_ lengths: ClosedRange<Int>) -> String {
            let count = Int.random(in: lengths, using: &random)
            return String(
                String.UnicodeScalarView((0..<count).map { _ in alphabet.randomElement(using: &random) ?? "x" }))
        }
        for _ in 0..<20_000 {
            let given = text(0...24)
            do throws(ParsedTime.Failure) {
                _ = try ParsedTime(iso: "2026-1" + given).time(in: zone)
                parsed += 1
            } catch {
                #expect(!error.reason.isEmpty)
            }
            do throws(ScriptMismatch) {
                let format = try TimeFormat(text(0...12))
                _ = format.text(of: 0, in: zone)
                do throws(ParsedTime.Failure) {
                    _ = try ParsedTime(given, format: format).time(in: zone)
                    parsed += 1
                } catch {
                    #expect(!error.reason.isEmpty)
                }
            } catch {
                #expect(!error.reason.isEmpty)
            }
        }
        #expect(parsed > 0)
    }
}
