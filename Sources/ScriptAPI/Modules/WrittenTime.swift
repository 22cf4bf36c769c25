package import LuaRuntime

/// A point in time that a test file writes: Unix time as a number, or ISO 8601, `2026-12-01T18:30:00+01:00`.
package struct WrittenTime: ScriptArgument {
    private enum Form {
        case unix(Double)
        case text(ParsedTime)
    }

    private let form: Form
    /// 1970 to 2199: what nanoseconds count in 64 bits, with room for calls.
    private static let range = 0.0..<7_258_118_400

    package static var luaType: String { "string|number" }

    package static func read(_ value: LuaValue, in state: LuaState) throws(ScriptMismatch) -> WrittenTime {
        switch value {
        case .integer(let seconds): return WrittenTime(form: .unix(Double(seconds)))
        case .number(let seconds) where seconds.isFinite: return WrittenTime(form: .unix(seconds))
        default: break
        }
        guard let text = value.text else { throw ScriptMismatch(expected: "a time", got: value) }
        do throws(ParsedTime.Failure) {
            return WrittenTime(form: .text(try ParsedTime(iso: text)))
        } catch {
            throw ScriptMismatch(reason: error.reason)
        }
    }

    /// The Unix time. [s]
    ///
    /// - Parameter zone: Where the text says no offset; UTC when it is `nil`.
    package func seconds(in zone: WrittenZone?) throws(ScriptMismatch) -> Double {
        let seconds: Double
        switch form {
        case .unix(let number): seconds = number
        case .text(let time):
            do throws(ParsedTime.Failure) {
                seconds = try time.time(in: zone?.zone ?? .fixed(0))
            } catch {
                throw ScriptMismatch(reason: error.reason)
            }
        }
        guard Self.range.contains(seconds) else {
            throw ScriptMismatch(reason: "a time from 1970 to 2199 expected")
        }
        return seconds
    }
}

/// The name of a time zone: `Europe/Berlin`, `UTC`, `+05:30`.
package struct WrittenZone: ScriptArgument {
    fileprivate let zone: ScriptZone

    package static var luaType: String { "string" }

    package static func read(_ value: LuaValue, in state: LuaState) throws(ScriptMismatch) -> WrittenZone {
        WrittenZone(zone: try ScriptZone.read(value, in: state))
    }
}
