import SansIO
package import ScriptAPI

/// How bad the line is between agent and callee, in both directions unless said otherwise: `t.network{…}`.
public struct NetworkConditions: Hashable, Sendable {
    /// Audio dies in one direction.
    public struct OneWay: Hashable, Sendable {
        public enum Direction: String, CaseIterable, Hashable, Sendable {
            case toAgent = "to_agent"
            case toCallee = "to_callee"
        }

        /// From the answer.
        public var after: Duration
        public var direction: Direction

        public init(after: Duration, direction: Direction) {
            self.after = after
            self.direction = direction
        }
    }

    /// Share of the datagrams that are lost, 0…1.
    public var loss: Double
    /// Mean length of a run of losses, at least 1. [datagrams]
    public var burst: Double
    /// One way.
    public var delay: Duration
    /// What is added to the delay, evenly from zero to this.
    public var jitter: Duration
    /// Share of the datagrams that their successors overtake, 0…1.
    public var reorder: Double
    /// Share of the datagrams that come twice, 0…1.
    public var duplicate: Double
    public var oneWay: OneWay?
    /// When the model's socket is reset, from the answer.
    public var resetModelAfter: Duration?

    /// A line that loses and delays nothing.
    public static let perfect = NetworkConditions()

    public init(
        loss: Double = 0, burst: Double = 1, delay: Duration = .zero, jitter: Duration = .zero, reorder: Double = 0,
        duplicate: Double = 0, oneWay: OneWay? = nil, resetModelAfter: Duration? = nil
    ) {
        self.loss = loss
        self.burst = burst
        self.delay = delay
        self.jitter = jitter
        self.reorder = reorder
        self.duplicate = duplicate
        self.oneWay = oneWay
        self.resetModelAfter = resetModelAfter
    }

    /// Whether nothing is to be done.
    public var isPerfect: Bool { self == .perfect }
}

extension NetworkConditions.OneWay.Direction: ScriptChoice {}

extension NetworkConditions: ScriptRecord {
    package static var options: [FunctionSpec.Option] {
        [
            FunctionSpec.Option(name: "loss", type: "number", prose: "Share of the datagrams that are lost, 0 to 1."),
            FunctionSpec.Option(
                name: "burst", type: "number", prose: "Mean length of a run of losses in datagrams, from 1; 1."),
            FunctionSpec.Option(name: "delay_ms", type: "number", prose: "Milliseconds that a datagram takes; 0."),
            FunctionSpec.Option(
                name: "jitter_ms", type: "number", prose: "Milliseconds that the delay grows by, evenly from 0; 0."),
            FunctionSpec.Option(
                name: "reorder", type: "number", prose: "Share of the datagrams that the next one overtakes, 0 to 1."),
            FunctionSpec.Option(
                name: "duplicate", type: "number", prose: "Share of the datagrams that come twice, 0 to 1."),
            FunctionSpec.Option(
                name: "one_way_after", type: "number",
                prose: "Seconds from the answer, after which audio passes in one direction only."),
            FunctionSpec.Option(
                name: "one_way", type: OneWay.Direction.luaType,
                prose: "The direction that dies at `one_way_after`; `to_agent`."),
            FunctionSpec.Option(
                name: "reset_model_after", type: "number",
                prose: "Seconds from the answer, after which the model's socket is reset."),
        ]
    }

    package init(reading record: RecordReader) throws(ScriptMismatch) {
        func share(_ name: String) throws(ScriptMismatch) -> Double {
            let value = try record.field(name, as: Double?.self) ?? 0
            guard (0...1).contains(value) else { throw ScriptMismatch(reason: "field '\(name)': 0 to 1 expected") }
            return value
        }
        let burst = try record.field("burst", as: Double?.self) ?? 1
        guard (1...1_000).contains(burst) else { throw ScriptMismatch(reason: "field 'burst': 1 to 1000 expected") }
        let direction = try record.field("one_way", as: OneWay.Direction?.self)
        let oneWayAfter = try record.duration("one_way_after")
        if direction != nil, oneWayAfter == nil {
            throw ScriptMismatch(reason: "field 'one_way' needs 'one_way_after', the seconds until then")
        }
        self.init(
            loss: try share("loss"), burst: burst,
            delay: try record.duration("delay_ms", unit: .milliseconds(1), atMost: 10_000) ?? .zero,
            jitter: try record.duration("jitter_ms", unit: .milliseconds(1), atMost: 10_000) ?? .zero,
            reorder: try share("reorder"), duplicate: try share("duplicate"),
            oneWay: oneWayAfter.map { OneWay(after: $0, direction: direction ?? .toAgent) },
            resetModelAfter: try record.duration("reset_model_after"))
    }
}

extension RecordReader {
    /// A length of time; `nil` where the field is absent.
    ///
    /// - Parameters:
    ///   - unit: What the number counts.
    ///   - maximum: The largest number that is taken.
    func duration(
        _ name: String, unit: Duration = .seconds(1), atMost maximum: Double = 86_400
    ) throws(ScriptMismatch) -> Duration? {
        guard let number = try field(name, as: Double?.self) else { return nil }
        guard let duration = Duration(testTime: number, unit: unit, atMost: maximum) else {
            throw ScriptMismatch(reason: "field '\(name)': 0 to \(Int(maximum)) expected, got \(number)")
        }
        return duration
    }
}

extension Duration {
    /// A time that a test gave; `nil` unless it is from 0 to `maximum`.
    init?(testTime number: Double, unit: Duration = .seconds(1), atMost maximum: Double = 86_400) {
        guard number >= 0, number <= maximum else { return nil }
        self = .nanoseconds(Int64(number * Double(unit.nanoseconds)))
    }
}
