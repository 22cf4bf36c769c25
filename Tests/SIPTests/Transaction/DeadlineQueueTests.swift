import SansIO
import Testing

@testable import SIP

@Suite struct DeadlineQueueTests {
    @Test("Deadlines come earliest first, equal ones in the order in which they were set")
    func order() {
        var queue = DeadlineQueue<String>()
        queue.set("late", .milliseconds(30))
        queue.set("first", .milliseconds(10))
        queue.set("second", .milliseconds(10))
        #expect(queue.next == .milliseconds(10))
        #expect(queue.popDue(at: .milliseconds(5)) == nil)
        #expect(queue.popDue(at: .milliseconds(10)) == "first")
        #expect(queue.popDue(at: .milliseconds(10)) == "second")
        #expect(queue.popDue(at: .milliseconds(10)) == nil)
        #expect(queue.next == .milliseconds(30))
    }

    @Test("A deadline that is moved or removed leaves nothing behind")
    func moved() {
        var queue = DeadlineQueue<Int>()
        queue.set(1, .milliseconds(10))
        queue.set(1, .milliseconds(50))
        queue.set(2, .milliseconds(20))
        #expect(queue.next == .milliseconds(20))
        queue.set(2, nil)
        #expect(queue.next == .milliseconds(50))
        queue.set(1, nil)
        #expect(queue.next == nil)
    }

    @Test("It agrees with a sorted list after thousands of random changes", arguments: [UInt64](0..<10))
    func model(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        var queue = DeadlineQueue<Int>()
        var model: [Int: Int64] = [:]
        for _ in 0..<3_000 {
            let id = Int.random(in: 0..<40, using: &random)
            switch random.next() % 4 {
            case 0:
                queue.set(id, nil)
                model[id] = nil
            case 1:
                guard let (id, time) = model.min(by: { $0.value < $1.value }) else { continue }
                let popped = queue.popDue(at: .milliseconds(time))
                #expect(popped.flatMap { model[$0] } == time)
                _ = id
                if let popped { model[popped] = nil }
            default:
                let time = Int64.random(in: 0..<100_000, using: &random)
                queue.set(id, .milliseconds(time))
                model[id] = time
            }
            #expect(queue.next == model.values.min().map { .milliseconds($0) })
        }
    }
}
