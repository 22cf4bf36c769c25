import Conversation
import SansIO

/// One test call that is to be played over the wire.
struct LoopbackPlan: Sendable {
    var item: TestSelection.Item
    var seed: UInt64
    /// Where the call's files go; `nil` keeps none.
    var folder: String?
    /// The address of somebody else's telephone in place of our callee.
    var stranger: String?

    var test: TestCase { item.test }

    /// What paths of recordings are relative to.
    var testFolder: String { test.file.lastIndex(of: "/").map { String(test.file[..<$0]) } ?? "." }

    /// Why it cannot be played so; `nil`: it can.
    func objection(isLive: Bool) -> String? {
        let options = test.options
        if isLive, options.model == nil, options.network.resetModelAfter != nil {
            return "The test resets the model's socket, which needs the offline model: leave out --live."
        }
        guard let stranger else { return nil }
        if options.direction == .inbound {
            return "The test is inbound, and \(stranger) cannot be told to call: leave it to our own callee."
        }
        var line = options.network
        line.resetModelAfter = nil
        return line.isPerfect ? nil : "The test has a bad line, which needs our own callee in place of \(stranger)."
    }

    /// Whether the stranger is called by a URI, which says itself where it leads, instead of a number.
    var strangerIsURI: Bool { stranger?.lowercased().hasPrefix("sip:") ?? false }

    /// The dispatch's metadata: the test's own, and whom to call.
    var metadata: String {
        if let text = test.options.metadata.string { return text }
        var object = test.options.metadata.object ?? JSONObject()
        if let stranger, strangerIsURI {
            object["phone_number"] = .string(stranger)
        } else if object["phone_number"] == nil {
            object["phone_number"] = .string(test.options.to)
        }
        return JSON.object(object).text
    }
}
