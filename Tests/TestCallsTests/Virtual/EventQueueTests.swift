import SansIO
import Testing

@testable import TestCalls

@Suite("What is to happen later")
struct EventQueueTests {
    @Test("Events come in order of time, and those of one time in the order in which they were planned")
    func order() {
        for seed in UInt64(0)..<200 {
            var random = SeededRandom(seed: seed)
            var queue = EventQueue<(time: Int64, number: Int)>()
            var taken: [(time: Int64, number: Int)] = []
            var planned = 0
            var now = Instant.zero
            while planned < 300 || queue.next != nil {
                if planned < 300, random.chance(0.6) {
                    let time = now.nanoseconds + Int64.random(in: 0...20, using: &random)
                    queue.insert((time, planned), at: Instant(nanoseconds: time))
                    planned += 1
                } else if let next = queue.next {
                    now = next
                    while let event = queue.takeDue(at: now) { taken.append(event) }
                }
            }
            #expect(taken.count == 300)
            for (earlier, later) in zip(taken, taken.dropFirst()) {
                #expect(earlier.time < later.time || earlier.time == later.time && earlier.number < later.number)
            }
        }
    }

    @Test("Nothing comes before its time")
    func early() {
        var queue = EventQueue<String>()
        queue.insert("later", at: Instant(nanoseconds: 10))
        #expect(queue.takeDue(at: Instant(nanoseconds: 9)) == nil)
        #expect(queue.takeDue(at: Instant(nanoseconds: 10)) == "later")
        #expect(queue.next == nil)
        #expect(queue.takeDue(at: .distantFuture) == nil)
    }
}
