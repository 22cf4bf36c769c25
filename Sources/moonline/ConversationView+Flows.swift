import AgentHost
import ScriptAPI

extension ConversationView {
    /// A line about the flows; what is wrong with one stands below it as the compiler of the flow says it.
    func show(_ news: FlowNews) {
        switch news {
        case .change(let change):
            let isRefused = change.kind == .refused
            show(
                Line(
                    label: isRefused ? "refused" : "flow", style: isRefused ? .red : .blue, text: FlowText.line(change))
            )
            // Not wrapped: terminals make links of places in files, and columns count.
            for diagnostic in change.diagnostics {
                let source = FileSystem.bytes(of: diagnostic.file)
                let text = diagnostic.rendered(
                    source: source, usesColour: isColored, width: max(40, width - ConversationView.indent))
                for line in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline) {
                    write(String(repeating: " ", count: ConversationView.indent) + line)
                }
            }
        case .watchLimited(let why):
            show(
                Line(
                    label: "flow", style: .yellow,
                    text: "changes of files are looked for every second: \(why)"))
        case .folderUnreadable(let sentence):
            show(Line(label: "flow", style: .red, text: sentence))
        }
    }
}
