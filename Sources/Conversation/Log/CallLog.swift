public import SansIO

/// The event log of one call: what it was told, what happened to it, and what it did, in the order in which the call's
/// session saw it. That is enough to run the call again.
///
/// On disk it is one JSON object a line: `ns`, the time since the call began; `kind`; and `what`, the form that the
/// line's kind has. The first line is the ``CallLogBeginning``; the texts of the flow's versions follow as lines of
/// their own where they are known.
public struct CallLog: Sendable {
    /// What a line is.
    public enum Kind: String, Hashable, Sendable {
        /// ``CallLogBeginning``; the first line and no other.
        case begin
        /// ``CallLogFlow``.
        case flow
        /// ``CallSession/Event``.
        case event = "in"
        /// ``CallSession/Action``.
        case action = "out"
    }

    public enum Direction: Hashable, Sendable {
        /// ``CallSession/Event``.
        case event
        /// ``CallSession/Action``.
        case action
    }

    /// One thing that happened or was done.
    public struct Entry: Hashable, Sendable {
        /// Since the call began.
        public var elapsed: Duration
        public var direction: Direction
        /// The form of the event or the action.
        public var body: JSON
        /// Number of the line, from 1.
        public var line: Int

        public init(elapsed: Duration, direction: Direction, body: JSON, line: Int) {
            self.elapsed = elapsed
            self.direction = direction
            self.body = body
            self.line = line
        }

        /// The event; of an action there is no way back.
        ///
        /// - Throws: ``CallLogError/badLine(line:_:)``.
        public func event() throws(CallLogError) -> CallSession.Event {
            do {
                return try CallSession.Event(logged: body)
            } catch {
                throw .badLine(line: line, error)
            }
        }
    }

    /// That of the lines that are written and read here.
    public static let format: Int64 = 1
    /// Length of a line. [byte]
    public static let maximumLineBytes = 64 << 20

    public var beginning: CallLogBeginning
    /// The texts of the versions that the call began with and was offered, as far as they were known.
    public var flows: [CallLogFlow] = []
    public var entries: [Entry] = []
    /// The last line was cut off and is left out: the host, or the disk, gave out.
    public var isTruncated = false

    public init(beginning: CallLogBeginning, flows: [CallLogFlow] = [], entries: [Entry] = []) {
        self.beginning = beginning
        self.flows = flows
        self.entries = entries
    }

    /// Whether the log goes to the end of the call.
    public var isComplete: Bool { entries.last { $0.direction == .action }?.body["action"] == "finish" }

    /// One line, without its end.
    ///
    /// - Parameters:
    ///   - elapsed: Time since the call began.
    ///   - body: The form that belongs to the kind.
    public static func line(_ kind: Kind, elapsed: Duration, body: JSON) -> [UInt8] {
        JSON.object(["ns": .integer(elapsed.nanoseconds), "kind": .string(kind.rawValue), "what": body]).bytes
    }

    /// Reads a whole file. A last line that was cut off is left out, and ``isTruncated`` says so.
    public init(parsing bytes: some Collection<UInt8>) throws(CallLogError) {
        let lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        guard let first = lines.first, !(lines.count == 1 && first.isEmpty) else { throw .empty }
        beginning = try Self.beginning(first)
        // What stands behind the last line's end: nothing, unless the line is cut off.
        let rest = lines.count - 1
        var last = Duration.zero
        for (index, text) in lines.enumerated().dropFirst() {
            if index == rest, text.isEmpty { break }
            let number = index + 1
            do throws(CallLogError) {
                let (elapsed, kind, body) = try Self.parts(of: text, line: number)
                guard elapsed >= last else { throw .outOfOrder(line: number) }
                last = elapsed
                switch kind {
                case .begin: throw .badLine(line: number, Self.secondBeginning)
                case .flow: flows.append(try Self.flow(body, line: number))
                case .event: entries.append(Entry(elapsed: elapsed, direction: .event, body: body, line: number))
                case .action: entries.append(Entry(elapsed: elapsed, direction: .action, body: body, line: number))
                }
            } catch {
                guard index == rest, case .notJSON = error else { throw error }
                isTruncated = true
            }
        }
    }

    private static let secondBeginning = CallLogFormError(field: "kind", problem: "says that a second call begins")
    /// Values of a call are nested less deeply, and stand within a few objects here.
    private static let maximumDepth = 512

    private static func beginning(_ text: some Collection<UInt8>) throws(CallLogError) -> CallLogBeginning {
        guard text.count <= maximumLineBytes else { throw .foreign }
        let line: JSON
        do {
            line = try JSON(parsing: text, maximumDepth: maximumDepth)
        } catch {
            throw .foreign
        }
        guard line["kind"]?.string == Kind.begin.rawValue, let what = line["what"], what["log"]?.string == "moonline",
            let format = what["format"]?.integer
        else { throw .foreign }
        guard format == Self.format else { throw .otherFormat(format) }
        do {
            return try CallLogBeginning(logged: what)
        } catch {
            throw .badLine(line: 1, error)
        }
    }

    private static func flow(_ body: JSON, line: Int) throws(CallLogError) -> CallLogFlow {
        do {
            return try CallLogFlow(logged: body)
        } catch {
            throw .badLine(line: line, error)
        }
    }

    private static func parts(
        of text: some Collection<UInt8>, line: Int
    ) throws(CallLogError) -> (Duration, Kind, JSON) {
        guard text.count <= maximumLineBytes else { throw .lineTooLong(line: line, maximum: maximumLineBytes) }
        let json: JSON
        do {
            json = try JSON(parsing: text, maximumDepth: maximumDepth)
        } catch {
            throw .notJSON(line: line, error)
        }
        do {
            let fields = LogFields(json)
            return (try fields.duration("ns"), try fields.choice("kind"), try fields.value("what"))
        } catch {
            throw .badLine(line: line, error)
        }
    }
}
