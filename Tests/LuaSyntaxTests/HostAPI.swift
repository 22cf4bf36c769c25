import LuaSyntax

extension APIDescription {
    /// A host such as the flows are written for.
    static let host = APIDescription(
        modules: [
            "moonline": .table([
                "agent": .function(Function(["definition"])),
                "sleep": .function(Function(["seconds"])),
                "now": .function(Function()),
                "version": .value,
            ]),
            "json": .table(["encode": .function(Function(["value"])), "decode": .function(Function(["text"]))]),
        ],
        call: CallObject(
            fields: ["id", "to", "from", "metadata", "state", "duration", "status", "started_at"],
            assignableFields: ["state"],
            methods: [
                "say": Function(["text", "options"], required: 1),
                "hangup": Function(["options"], required: 0),
                "transfer": Function(["target", "options"], required: 1),
                "log": Function(["level", "message", "fields"], required: 2),
                "set_instructions": Function(["text"]),
            ]),
        handlers: [
            "on_answered": Handler(["call"]),
            "on_transcript": Handler(["call", "role", "text", "final"]),
            "on_interrupted": Handler(["call", "heard", "unheard"]),
            "on_dtmf": Handler(["call", "digit", "duration_ms"]),
            "on_transfer": Handler(["call", "status", "code"]),
            "on_hangup": Handler(["call", "reason"]),
            "on_handover": Handler(["state"], takesCall: false),
        ],
        agentFields: ["name", "mode", "voice", "instructions", "actions"])
}
