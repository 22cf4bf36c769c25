import Conversation
import LuaRuntime
import SansIO

/// Functions of `require "time"`.
enum TimeFunctions {
    static let date = RecordSpec(
        "moonline.Date", "What calendar and clock show at a time in a zone.",
        [
            ("year", "integer", "1 to 9999."), ("month", "integer", "1 to 12."), ("day", "integer", "1 to 31."),
            ("hour", "integer", "0 to 23."), ("minute", "integer", ""), ("second", "integer", ""),
            ("weekday", "integer", "1 for Monday to 7 for Sunday."), ("yearday", "integer", "1 to 366."),
            ("offset", "integer", "East of Greenwich, in seconds."), ("zone", "string", "The zone's name."),
        ])

    private static let zoneProse = "A zone such as `Europe/Berlin`, `UTC` or `+02:00`; the host's."
    private static let timeProse = "Unix time."

    static let all: [FunctionSpec] = clock + texts + calendar

    private static let clock: [FunctionSpec] = [
        FunctionSpec(
            .module("time"), "now",
            "Unix time in seconds, like `moonline.now`. It stands still while the script runs, and goes on when it waits.",
            result: "number", since: "0.2", permission: .inHandlers
        ) { context in .values([.number(context.now)]) },
        FunctionSpec(
            .module("time"), "zone", "The host's time zone, which counts wherever no other is named.",
            result: "string", since: "0.2", permission: .always
        ) { context in .values([.string(context.environment.zone.name)]) },
    ]

    private static let texts: [FunctionSpec] = [
        FunctionSpec(
            .module("time"), "format",
            "A time as text. Directives are those of C's `strftime`, names are English: `%Y-%m-%d %H:%M:%S %f %y %e %j %I "
                + "%p %A %a %B %b %u %w %G %V %z %Z %s %F %T %R %D %n %t %%`; `%-d` has no leading zero.",
            Argument("time", ScriptTime.self, timeProse),
            Argument("format", TimeFormat.self, "Such as `%A, %B %-d, %H:%M`."),
            Argument("zone", ScriptZone?.self, zoneProse),
            result: "string", since: "0.2", permission: .always
        ) { context, time, format, zone in
            .values([.string(format.text(of: time.seconds, in: zone ?? context.environment.zone))])
        },
        FunctionSpec(
            .module("time"), "iso", "A time as ISO 8601, to the second: `2026-12-01T14:30:00+01:00`.",
            Argument("time", ScriptTime.self, timeProse),
            Argument("zone", ScriptZone?.self, zoneProse),
            result: "string", since: "0.2", permission: .always
        ) { context, time, zone in
            let zone = zone ?? context.environment.zone
            let offset = zone.offset(at: time.whole)
            let suffix = offset == 0 ? "Z" : ScriptZone.text(ofOffset: offset, separator: ":")
            return .values([.string(TimeFormat.iso.text(of: time.seconds, in: zone) + suffix)])
        },
        FunctionSpec(
            .module("time"), "parse",
            "The Unix time that a text says. Without a format it reads ISO 8601: a date, perhaps a time of day, perhaps "
                + "an offset. What the text leaves out is the first of January 1970, midnight.",
            Argument("text", String.self, "Such as `2026-12-01` or `2026-12-01T14:30:00Z`."),
            Argument("format", TimeFormat?.self, "Directives as of `time.format`, but `%Z`."),
            Argument("zone", ScriptZone?.self, "Where the text has no offset: " + zoneProse),
            result: "number", errors: [.invalidArgument], since: "0.2", permission: .always
        ) { context, text, format, zone in
            do throws(ParsedTime.Failure) {
                let parsed: ParsedTime
                if let format {
                    parsed = try ParsedTime(text, format: format)
                } else {
                    parsed = try ParsedTime(iso: text)
                }
                return .values([.number(try parsed.time(in: zone ?? context.environment.zone))])
            } catch {
                return .failure(.invalidArgument, error.reason)
            }
        },
    ]

    private static let calendar: [FunctionSpec] = [
        FunctionSpec(
            .module("time"), "date", "What calendar and clock show at a time.",
            Argument("time", ScriptTime.self, timeProse),
            Argument("zone", ScriptZone?.self, zoneProse),
            result: "moonline.Date", since: "0.2", permission: .always
        ) { context, time, zone in
            let zone = zone ?? context.environment.zone
            let civil = zone.civil(at: time.whole)
            func number(_ value: Int) -> JSON { .integer(Int64(value)) }
            return .values([
                .json([
                    "year": number(civil.year), "month": number(civil.month), "day": number(civil.day),
                    "hour": number(civil.hour), "minute": number(civil.minute), "second": number(civil.second),
                    "weekday": number(civil.weekday), "yearday": number(civil.dayOfYear),
                    "offset": number(zone.offset(at: time.whole)), "zone": .string(zone.name),
                ])
            ])
        },
        FunctionSpec(
            .module("time"), "from",
            "The Unix time of a date. A time of day that comes twice, when clocks are set back, is the first one; one "
                + "that never comes, when they are set forward, is as much later.",
            Argument("date", DateFields.self, "The date; what `time.date` returns is one."),
            result: "number", errors: [.invalidArgument], since: "0.2", permission: .always
        ) { context, date in
            date.civil.isValid
                ? .values([.number(Double((date.zone ?? context.environment.zone).time(of: date.civil)))])
                : .failure(.invalidArgument, "there is no \(date.civil)")
        },
        FunctionSpec(
            .module("time"), "add",
            "A time that much later, or earlier with negative numbers. Days and longer go by the calendar: the clock shows "
                + "the same then, also when it was set meanwhile, and a month after January 31 is the last of February. "
                + "Hours and shorter are exact.",
            Argument("time", ScriptTime.self, timeProse),
            Argument("amount", TimeAmount.self, "How much."),
            Argument("zone", ScriptZone?.self, "Whose calendar: " + zoneProse),
            result: "number", errors: [.invalidArgument], since: "0.2", permission: .always
        ) { context, time, amount, zone in
            amount.added(to: time, in: zone ?? context.environment.zone)
                .map { .values([.number($0)]) }
                ?? .failure(.invalidArgument, "the time would be outside of the years 1 to 9999")
        },
    ]
}

extension ScriptEnvironment {
    /// The zone where a script names none.
    var zone: ScriptZone { timeZone.flatMap { ScriptZone($0) } ?? .machine }
}

extension TimeFormat: ScriptArgument {
    static var luaType: String { "string" }

    static func read(_ value: LuaValue, in state: LuaState) throws(ScriptMismatch) -> TimeFormat {
        try TimeFormat(String.read(value, in: state))
    }
}

/// A Unix time that a script gives, in the years 1 to 9999.
private struct ScriptTime: ScriptArgument {
    /// [s]
    let seconds: Double

    static var luaType: String { "number" }

    static func read(_ value: LuaValue, in state: LuaState) throws(ScriptMismatch) -> ScriptTime {
        let seconds = try Double.read(value, in: state)
        guard let time = ScriptTime(seconds) else {
            throw ScriptMismatch(reason: "a Unix time in the years 1 to 9999 expected, got \(seconds)")
        }
        return time
    }

    init?(_ seconds: Double) {
        // A day from the ends, so that no zone leads out.
        guard seconds >= Double(CivilTime.seconds.lowerBound + 86_400),
            seconds <= Double(CivilTime.seconds.upperBound - 86_400)
        else { return nil }
        self.seconds = seconds
    }

    var whole: Int64 { Int64(seconds.rounded(.down)) }
}

private struct DateFields: ScriptRecord {
    let civil: CivilTime
    let zone: ScriptZone?

    static var options: [FunctionSpec.Option] {
        [
            FunctionSpec.Option(name: "year", type: "integer", prose: "1 to 9999; must be there."),
            FunctionSpec.Option(name: "month", type: "integer", prose: "1 to 12; must be there."),
            FunctionSpec.Option(name: "day", type: "integer", prose: "1 to 31; must be there."),
            FunctionSpec.Option(name: "hour", type: "integer", prose: "0 to 23; 0."),
            FunctionSpec.Option(name: "minute", type: "integer", prose: "0 to 59; 0."),
            FunctionSpec.Option(name: "second", type: "integer", prose: "0 to 59; 0."),
            FunctionSpec.Option(name: "zone", type: "string", prose: "The zone; the host's."),
            FunctionSpec.Option(name: "weekday", type: "integer", prose: "Not used: the date says it."),
            FunctionSpec.Option(name: "yearday", type: "integer", prose: "Not used: the date says it."),
            FunctionSpec.Option(name: "offset", type: "integer", prose: "Not used: date and zone say it."),
        ]
    }

    init(reading record: RecordReader) throws(ScriptMismatch) {
        func number(_ name: String, or other: Int64? = nil) throws(ScriptMismatch) -> Int {
            guard let value = try record.field(name, as: Int64?.self) ?? other else {
                throw ScriptMismatch(reason: "field '\(name)': integer expected, got nil")
            }
            return Int(clamping: min(max(value, -1), 100_000))
        }
        civil = CivilTime(
            year: try number("year"), month: try number("month"), day: try number("day"),
            hour: try number("hour", or: 0), minute: try number("minute", or: 0), second: try number("second", or: 0))
        zone = try record.field("zone", as: ScriptZone?.self)
    }
}

private struct TimeAmount: ScriptRecord {
    let months: Int64
    let days: Int64
    /// [s]
    let exact: Double

    static var options: [FunctionSpec.Option] {
        ["years", "months", "weeks", "days"].map {
            FunctionSpec.Option(name: $0, type: "integer", prose: "By the calendar.")
        }
            + ["hours", "minutes", "seconds"].map {
                FunctionSpec.Option(name: $0, type: "number", prose: "Exactly.")
            }
    }

    init(reading record: RecordReader) throws(ScriptMismatch) {
        func count(_ name: String) throws(ScriptMismatch) -> Int64 {
            let value = try record.field(name, as: Int64?.self) ?? 0
            guard (-4_000_000...4_000_000).contains(value) else {
                throw ScriptMismatch(reason: "field '\(name)': \(value) is too many")
            }
            return value
        }
        func exactly(_ name: String, _ unit: Double) throws(ScriptMismatch) -> Double {
            let value = try record.field(name, as: Double?.self) ?? 0
            guard value.isFinite else { throw ScriptMismatch(reason: "field '\(name)': a finite number expected") }
            return value * unit
        }
        months = try count("years") * 12 + count("months")
        days = try count("weeks") * 7 + count("days")
        exact = try exactly("hours", 3_600) + exactly("minutes", 60) + exactly("seconds", 1)
    }

    /// `nil` when it would be outside of what can be said.
    func added(to time: ScriptTime, in zone: ScriptZone) -> Double? {
        var seconds = time.seconds
        if months != 0 || days != 0 {
            guard let moved = zone.civil(at: time.whole).adding(months: months) else { return nil }
            let local = moved.seconds + days * 86_400
            guard CivilTime.seconds.contains(local) else { return nil }
            seconds = Double(zone.time(of: CivilTime(seconds: local))) + (time.seconds - Double(time.whole))
        }
        return ScriptTime(seconds + exact)?.seconds
    }
}
