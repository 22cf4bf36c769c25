import Foundation
import LuaRuntime

/// A time zone that a script names: `Europe/Berlin`, `UTC`, `+05:30`.
///
/// The rules of named zones are those that Foundation has from the IANA database.
enum ScriptZone: ScriptArgument {
    /// The same distance from UTC at all times. [s]
    case fixed(Int)
    case named(TimeZone)

    static var luaType: String { "string" }

    static func read(_ value: LuaValue, in state: LuaState) throws(ScriptMismatch) -> ScriptZone {
        let name = try String.read(value, in: state)
        guard let zone = ScriptZone(name) else {
            let known = TimeZone.knownTimeZoneIdentifiers + ["UTC"]
            throw ScriptMismatch(reason: "unknown time zone '\(name.prefix(64))'\(suggestion(for: name, among: known))")
        }
        return zone
    }

    init?(_ name: String) {
        switch name {
        case "UTC", "Z", "GMT", "Etc/UTC": self = .fixed(0)
        default:
            if let offset = ScriptZone.offset(of: name) {
                self = .fixed(offset)
            } else if name.utf8.count <= 64, name.utf8.allSatisfy(ScriptZone.isNameCharacter),
                // Foundation also takes `GMT+5` and the like, whose signs mean the opposite elsewhere.
                name.utf8.contains(UInt8(ascii: "/")) || name.utf8.allSatisfy({ $0 > 0x39 }),
                let zone = TimeZone(identifier: name)
            {
                self = .named(zone)
            } else {
                return nil
            }
        }
    }

    /// The machine's zone, by the variable `TZ` or `/etc/localtime`.
    static var machine: ScriptZone { ScriptZone(TimeZone.current.identifier) ?? .named(TimeZone.current) }

    private static func isNameCharacter(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: "/_+-".utf8.contains(byte)
        }
    }

    /// `+05:30`, `-0800`, `+01`. [s]
    private static func offset(of text: String) -> Int? {
        var reader = TimeTextReader(text)
        guard let offset = reader.offset(), reader.isAtEnd, text.utf8.count > 1 else { return nil }
        return offset
    }

    var name: String {
        switch self {
        case .fixed(0): "UTC"
        case .fixed(let offset): ScriptZone.text(ofOffset: offset, separator: ":")
        case .named(let zone): zone.identifier
        }
    }

    /// East of Greenwich at a Unix time. [s]
    func offset(at time: Int64) -> Int {
        switch self {
        case .fixed(let offset): offset
        case .named(let zone): zone.secondsFromGMT(for: Date(timeIntervalSince1970: Double(time)))
        }
    }

    /// `EST`, `GMT+2`: what English texts call the zone at a Unix time.
    func abbreviation(at time: Int64) -> String {
        switch self {
        case .fixed: name
        case .named(let zone):
            zone.localizedName(
                for: zone.isDaylightSavingTime(for: Date(timeIntervalSince1970: Double(time)))
                    ? .shortDaylightSaving : .shortStandard, locale: Locale(identifier: "en_US"))
                ?? ScriptZone.text(ofOffset: offset(at: time), separator: ":")
        }
    }

    /// What a clock in the zone shows at a Unix time.
    func civil(at time: Int64) -> CivilTime { CivilTime(seconds: time + Int64(offset(at: time))) }

    /// The Unix time at which a clock in the zone shows `civil`.
    ///
    /// What it shows twice, when clocks are set back, is the first time; what it never shows, when they are set forward,
    /// is as much later as they are set. [s]
    func time(of civil: CivilTime) -> Int64 {
        let local = civil.seconds
        let before = Int64(offset(at: local - 86_400))
        let after = Int64(offset(at: local + 86_400))
        for offset in before == after ? [before] : [max(before, after), min(before, after)]
        where Int64(self.offset(at: local - offset)) == offset {
            return local - offset
        }
        return local - before
    }

    /// `+02:00`; seconds, which only offsets of long ago have, are left out.
    static func text(ofOffset offset: Int, separator: String) -> String {
        let minutes = abs(offset) / 60
        return (offset < 0 ? "-" : "+") + TimeFormat.padded(minutes / 60, 2) + separator
            + TimeFormat.padded(minutes % 60, 2)
    }
}
