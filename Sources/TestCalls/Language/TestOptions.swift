public import Conversation
import LuaRuntime
public import SansIO
import ScriptAPI

/// What a test says of its call before it begins: the defaults, then `t.options{…}`, then the options of the test.
public struct TestOptions: Hashable, Sendable {
    /// Name of the agent; `nil` for the only flow, or the one whose file has the test file's name.
    public var agent: String?
    /// The flow's file, from the test file's folder; `nil` as for ``agent``.
    public var flow: String?
    /// `outbound`: the agent calls the callee.
    public var direction = CallFacts.Direction.outbound
    /// The number that is called.
    public var to = "+15105550100"
    /// The number that calls.
    public var from = "+15105550123"
    /// Who answers where the test scripts no model: the name of a file in `personas`; `nil` for the one with the
    /// flow's name, or the only one.
    public var persona: String?
    /// The metadata of the dispatch.
    public var metadata: JSON = [:]
    /// Unix time of the wall clock when the call begins; `nil` leaves it to the driver. [s]
    public var startTime: Double?
    public var network = NetworkConditions.perfect
    /// What the model does; `nil` for the driver's own.
    public var model: ModelScript?
    /// From the beginning to the end of the test's function.
    public var timeLimit = Duration.seconds(120)
    /// One of the synthesiser's voices; `nil` for the default.
    public var voice: String?
    /// Each expectation is to be met by something that happens after what met the one before it.
    public var isInOrder = false
    /// What the mode of the flow must be able to do; in another the test is skipped.
    public var requires: Set<AgentMode.Capability> = []

    public init() {}
}

/// The options of a test as its file writes them; each that is absent leaves what was.
struct TestOptionFields: ScriptRecord {
    private let change: (inout TestOptions) -> Void

    static let options: [FunctionSpec.Option] = [
        FunctionSpec.Option(
            name: "agent", type: "string",
            prose: "Name of the agent; the only flow's, or that of the flow whose file has the test file's name."),
        FunctionSpec.Option(name: "flow", type: "string", prose: "The flow's file, from the folder of the test file."),
        FunctionSpec.Option(
            name: "persona", type: "string",
            prose: "Who is the offline model, in place of a `model` that was given before: a file in `personas`, "
                + "without `.lua`. Where neither is given: the one with the flow's name, or the only one."),
        FunctionSpec.Option(
            name: "direction", type: Direction.luaType, prose: "Who calls: `outbound` is the agent, and the default."),
        FunctionSpec.Option(name: "to", type: "string", prose: "The number that is called."),
        FunctionSpec.Option(name: "from", type: "string", prose: "The number that calls."),
        FunctionSpec.Option(
            name: "metadata", type: "table|string", prose: "The metadata of the dispatch: a table, or a text."),
        FunctionSpec.Option(
            name: "start_time", type: "string|number",
            prose: "When the call begins, for flows that look at the clock: `2026-12-01T18:30`, or Unix time."),
        FunctionSpec.Option(
            name: "zone", type: "string", prose: "The time zone of `start_time`, such as `Europe/Berlin`; UTC."),
        FunctionSpec.Option(name: "network", type: "moonline.test.Network", prose: "The line: what `t.network` takes."),
        FunctionSpec.Option(
            name: "model", type: "moonline.test.Model|moonline.test.ModelEntry[]",
            prose: "What the model does: what `t.model` takes."),
        FunctionSpec.Option(
            name: "time_limit", type: "number", prose: "Seconds that the test may take; 120, at most 3600."),
        FunctionSpec.Option(name: "voice", type: CalleeVoice.luaType, prose: "The callee's voice."),
        FunctionSpec.Option(
            name: "in_order", type: "boolean",
            prose: "`true`: what meets an expectation must happen after what met the one before, of whatever kind."),
        FunctionSpec.Option(
            name: "requires", type: RequiredCapabilities.luaType,
            prose: "What the flow's mode must be able to do, one name or a list, as in `call.capabilities`: in a mode "
                + "that cannot, the test is skipped, and does not count as passed."),
    ]

    func apply(to options: inout TestOptions) { change(&options) }

    init(reading record: RecordReader) throws(ScriptMismatch) {
        let agent = try record.field("agent", as: String?.self)
        let flow = try record.field("flow", as: String?.self)
        let persona = try record.field("persona", as: String?.self)
        let direction = try record.field("direction", as: Direction?.self)
        let to = try record.field("to", as: String?.self)
        let from = try record.field("from", as: String?.self)
        let metadata = try record.field("metadata", as: PlainValue?.self)?.json
        let zone = try record.field("zone", as: WrittenZone?.self)
        let startTime = try record.field("start_time", as: WrittenTime?.self)?.seconds(in: zone)
        let network = try record.field("network", as: NetworkValue?.self)?.conditions
        let model = try record.field("model", as: ModelValue?.self)?.script
        let timeLimit = try record.duration("time_limit", atMost: 3_600)
        let voice = try record.field("voice", as: CalleeVoice?.self)
        let isInOrder = try record.field("in_order", as: Bool?.self)
        let requires = try record.field("requires", as: RequiredCapabilities?.self)
        change = { options in
            options.agent = agent ?? options.agent
            options.flow = flow ?? options.flow
            options.persona = persona ?? options.persona
            options.direction = direction?.direction ?? options.direction
            options.to = to ?? options.to
            options.from = from ?? options.from
            options.metadata = metadata ?? options.metadata
            options.startTime = startTime ?? options.startTime
            options.network = network ?? options.network
            options.model = model ?? (persona == nil ? options.model : nil)
            options.timeLimit = timeLimit ?? options.timeLimit
            options.voice = voice?.rawValue ?? options.voice
            options.isInOrder = isInOrder ?? options.isInOrder
            options.requires = requires?.capabilities ?? options.requires
        }
    }

    enum Direction: String, CaseIterable, ScriptChoice {
        case outbound, inbound

        var direction: CallFacts.Direction { self == .inbound ? .inbound : .outbound }
    }
}

/// The synthesiser's voices.
enum CalleeVoice: String, CaseIterable, ScriptChoice {
    case awb, slt, rms, kal16
}

/// What a mode must be able to do: one name or a list of them.
struct RequiredCapabilities: ScriptArgument {
    let capabilities: Set<AgentMode.Capability>

    static var luaType: String {
        let names = AgentMode.Capability.allCases.map { "\"\($0.rawValue)\"" }.joined(separator: "|")
        return "\(names)|(\(names))[]"
    }

    static func read(_ value: LuaValue, in state: LuaState) throws(ScriptMismatch) -> RequiredCapabilities {
        let json = try PlainValue.read(value, in: state).json
        var capabilities: Set<AgentMode.Capability> = []
        // An empty table is no list by itself.
        let isEmpty = json.object?.members.isEmpty ?? false
        for entry in json.array ?? (isEmpty ? [] : [json]) {
            guard let name = entry.string else {
                throw ScriptMismatch(expected: "a name or a list of names", got: value)
            }
            guard let capability = AgentMode.Capability(rawValue: name) else {
                let known = AgentMode.Capability.allCases.map(\.rawValue)
                throw ScriptMismatch(
                    reason: "one of \(known.map { "\"\($0)\"" }.joined(separator: ", ")) expected, got \"\(name)\""
                        + suggestion(for: name, among: known))
            }
            capabilities.insert(capability)
        }
        return RequiredCapabilities(capabilities: capabilities)
    }
}

/// Any plain data, text and tables alike.
struct PlainValue: ScriptArgument {
    let json: JSON

    static var luaType: String { "any" }

    static func read(_ value: LuaValue, in state: LuaState) throws(ScriptMismatch) -> PlainValue {
        do throws(LuaConversionError) {
            return PlainValue(json: try state.data(value))
        } catch {
            throw ScriptMismatch(reason: "plain data expected: \(error)")
        }
    }
}
