import Conversation
import Logging

/// The log of `moonline dev` when nobody chose a level: what is about calls is in the conversation, and is not told twice.
///
/// Of calls only warnings and errors are logged, but for faults: those the conversation shows. The end of a call becomes
/// a line of the conversation.
struct DevelopmentLog: LogHandler {
    private let view: ConversationView
    private var base: any LogHandler
    var metadataProvider: Logger.MetadataProvider?

    init(_ base: any LogHandler, view: ConversationView) {
        self.base = base
        self.view = view
        self.base.logLevel = .notice
    }

    var logLevel: Logger.Level {
        get { base.logLevel }
        set { base.logLevel = newValue }
    }

    var metadata: Logger.Metadata {
        get { base.metadata }
        set { base.metadata = newValue }
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { base[metadataKey: key] }
        set { base[metadataKey: key] = newValue }
    }

    func log(event: LogEvent) {
        let metadata = base.metadata.merging(event.metadata ?? [:]) { $1 }
        guard let call = metadata["call"] else { return base.log(event: event) }
        if let outcome = metadata["outcome"] {
            view.showEnd(
                call: "\(call)", outcome: "\(outcome)",
                by: CallOutcome.Party(rawValue: "\(metadata["by"] ?? "")") ?? .host,
                message: "\(metadata["message"] ?? "")")
        } else if event.level >= .warning, metadata["fault"] == nil {
            base.log(event: event)
        }
    }
}
