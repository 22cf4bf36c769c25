import Glibc
import LuaRuntime
import Testing

/// The running thread. Behind a wall for the optimiser, which takes `pthread_self()` for a constant of the function even
/// across a suspension.
@_optimize(none)
private func threadNumber() -> UInt {
    UInt(pthread_self())
}

@Suite("The executor of scripts") struct LuaExecutorTests {
    private actor Owner {
        let executor: LuaExecutor
        private var count = 0

        init(executor: LuaExecutor) { self.executor = executor }

        nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

        func increment() -> (count: Int, thread: UInt) {
            count += 1
            return (count, threadNumber())
        }
    }

    @Test("an actor's work runs on one thread, in order, beside the cooperative pool")
    func oneThread() async {
        let pool = LuaExecutorPool(threads: 1)
        let owner = Owner(executor: pool.makeExecutor())
        var threads: Set<UInt> = []
        for expected in 1...100 {
            let (count, thread) = await owner.increment()
            #expect(count == expected)
            threads.insert(thread)
        }
        #expect(threads.count == 1)
    }

    @Test("executors are spread over the threads; one that is gone no longer counts")
    func spread() async {
        let pool = LuaExecutorPool(threads: 2)
        let first = Owner(executor: pool.makeExecutor())
        var second: Owner? = Owner(executor: pool.makeExecutor())
        let threads = (await first.increment().thread, await second?.increment().thread)
        #expect(threads.0 != threads.1)
        second = nil
        let third = Owner(executor: pool.makeExecutor())
        let fourth = Owner(executor: pool.makeExecutor())
        #expect(await third.increment().thread != fourth.increment().thread)
    }
}
