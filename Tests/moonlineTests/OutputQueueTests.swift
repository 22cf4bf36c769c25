import Dispatch
import Synchronization
import Testing

@testable import moonline

@Suite("Output")
struct OutputQueueTests {
    @Test("everything is written in the order in which it was handed over, whether somebody waits for it or not")
    func order() {
        let written = Mutex<[String]>([])
        let output = OutputQueue { text, _ in written.withLock { $0.append(text) } }
        for number in 0..<300 {
            if number % 7 == 0 {
                output.write("\(number)", to: 1)
            } else {
                output.writeLater("\(number)", to: 1)
            }
        }
        output.flush()
        #expect(written.withLock { $0 } == (0..<300).map { "\($0)" })
    }

    @Test("a stopped terminal holds up nobody; what is too much is left out, and that is told")
    func stopped() {
        let written = Mutex<[String]>([])
        let hasBegun = DispatchSemaphore(value: 0)
        let mayGoOn = DispatchSemaphore(value: 0)
        let output = OutputQueue { text, _ in
            if text == "first" {
                hasBegun.signal()
                mayGoOn.wait()
            }
            written.withLock { $0.append(text) }
        }
        output.writeLater("first", to: 1)
        hasBegun.wait()
        let large = String(repeating: "x", count: OutputQueue.backlog / 4)
        for _ in 0..<6 { output.writeLater(large, to: 1) }
        mayGoOn.signal()
        output.flush()
        output.writeLater("last", to: 1)
        output.flush()
        let texts = written.withLock { $0 }
        // Three large ones find room beside the first.
        let note = "(3 lines are left out: the output was read too slowly)\n"
        #expect(texts == ["first", note, large, large, large, "last"])
    }
}
