import CLinux
import SansIO
import Synchronization

/// A session with its sockets, as a loop drives it.
struct SessionSlot: ~Copyable {
    var session: MediaSession
    let mediaSocket: Int32
    let controlSocket: Int32
}

/// What a loop shares with its pump and with ordinary code.
struct LoopMemory: ~Copyable {
    let reached: CommandQueue.Reached
    let firstCommand: UnsafeMutablePointer<CommandNode>
    /// Numbers of the sessions that have written upward.
    let ready: IndexRing
    let isPumpAsleep = Atomic<Bool>(false)
    let lateness = SharedHistogram()
    /// From the datagram's arrival to the call of the uplink handler; written by the pump.
    let upwardLatency = SharedHistogram()
    /// Wakes the loop, for commands.
    let wakeEvent: Int32
    /// Wakes the pump.
    let pumpEvent: Int32
}

/// What a media thread does: waits for datagrams and for the next tick, and drives its sessions.
///
/// Owns its sessions outright while they are in its table. Allocates, locks, counts references and logs nothing.
struct MediaLoop: ~Copyable {
    private static let wakeToken: UInt64 = 0
    private static let timerToken: UInt64 = 1
    /// From so many sessions on, waiting a little costs less than waking for every datagram.
    private static let manySessions = 24
    private static let nanosecondsPerMillisecond: Int64 = 1_000_000

    private let memory: UnsafeMutablePointer<LoopMemory>
    private let capacity: Int
    private let slots: UnsafeMutablePointer<UnsafeMutablePointer<SessionSlot>?>
    private let epoll: Int32
    private let timer: Int32
    private let batch: OpaquePointer
    private let tokens: UnsafeMutablePointer<UInt64>
    private var wheel: TickWheel
    private var command: UnsafeMutablePointer<CommandNode>
    private var armed: Int64 = 0
    private var mustWakePump = false
    private var isStopped = false
    private let rest: Int64
    private var sessions = 0

    /// - Parameter rest: How long to gather datagrams when there are many sessions; see
    ///   ``MediaEngine/Configuration/gathering``. [ns]
    /// - Throws: ``MediaError`` when the system refuses a descriptor.
    init(memory: UnsafeMutablePointer<LoopMemory>, capacity: Int, rest: Int64) throws(MediaError) {
        let epoll = clinux_epoll_create()
        let timer = clinux_timer_create()
        guard let batch = clinux_batch_create(), epoll >= 0, timer >= 0,
            clinux_epoll_add(epoll, memory.pointee.wakeEvent, Self.wakeToken, 1) == 0,
            clinux_epoll_add(epoll, timer, Self.timerToken, 1) == 0
        else {
            if epoll >= 0 { clinux_close(epoll) }
            if timer >= 0 { clinux_close(timer) }
            throw MediaError(.system, "The system has no descriptors left for a media thread; raise its limit.")
        }
        self.memory = memory
        self.capacity = capacity
        self.rest = rest
        self.epoll = epoll
        self.timer = timer
        self.batch = batch
        slots = .allocate(capacity: capacity)
        slots.initialize(repeating: nil, count: capacity)
        tokens = .allocate(capacity: Int(clinux_epoll_capacity))
        command = memory.pointee.firstCommand
        wheel = TickWheel(
            capacity: capacity, position: clinux_monotonic_nanoseconds() / Self.nanosecondsPerMillisecond)
    }

    deinit {
        clinux_close(epoll)
        clinux_close(timer)
        clinux_batch_destroy(batch)
        slots.deallocate()
        tokens.deallocate()
    }

    /// Runs until told to stop.
    mutating func run() {
        while !isStopped {
            let count = clinux_epoll_wait(epoll, tokens)
            runTicks()
            var index = 0
            while index < Int(count) {
                let token = tokens[index]
                if token == Self.wakeToken {
                    takeCommands()
                } else if token != Self.timerToken {
                    receive(slot: Int(token >> 1) - 1, isControl: token & 1 == 1)
                }
                index += 1
            }
            wakePump()
            arm()
            if rest > 0, sessions >= Self.manySessions, count > 0, count < clinux_epoll_capacity { clinux_rest(rest) }
        }
    }

    private mutating func takeCommands() {
        while let node = command.next {
            command = node
            memory.pointee.reached.publish(node)
            let index = Int(node.pointee.tag)
            switch node.pointee.kind {
            case .add:
                guard let address = node.pointee.address else { break }
                add(address.assumingMemoryBound(to: SessionSlot.self), at: index)
            case .remove: remove(index)
            case .stop: isStopped = true
            case .empty, .play, .tone, .finish, .flush, .pause, .resume, .start, .digits, .record: break
            }
        }
    }

    private mutating func add(_ slot: UnsafeMutablePointer<SessionSlot>, at index: Int) {
        slots[index] = slot
        sessions += 1
        let token = UInt64(index + 1) << 1
        // A socket that can't be watched stays silent, and the far end's absence is reported as a time-out.
        _ = clinux_epoll_add(epoll, slot.pointee.mediaSocket, token, 0)
        _ = clinux_epoll_add(epoll, slot.pointee.controlSocket, token | 1, 0)
        slot.pointee.session.begin(after: Instant(nanoseconds: clinux_monotonic_nanoseconds()))
        wheel.insert(index, at: slot.pointee.session.nextTick.nanoseconds / Self.nanosecondsPerMillisecond)
    }

    private mutating func remove(_ index: Int) {
        guard let slot = slots[index] else { return }
        slots[index] = nil
        sessions -= 1
        wheel.remove(index, at: slot.pointee.session.nextTick.nanoseconds / Self.nanosecondsPerMillisecond)
        _ = clinux_epoll_remove(epoll, slot.pointee.mediaSocket)
        _ = clinux_epoll_remove(epoll, slot.pointee.controlSocket)
        let now = Instant(nanoseconds: clinux_monotonic_nanoseconds())
        let transmission = slot.pointee.session.close(at: now)
        send(transmission, of: slot)
        // The pump frees the slot and its channel as soon as it sees this record.
        slot.pointee.session.reportClosed(at: now)
        memory.pointee.ready.push(index)
        mustWakePump = true
    }

    private mutating func runTicks() {
        var now = clinux_monotonic_nanoseconds()
        while let index = wheel.takeDue(by: now / Self.nanosecondsPerMillisecond) {
            guard let slot = slots[index] else { continue }
            repeat {
                let due = slot.pointee.session.nextTick.nanoseconds
                let transmission = slot.pointee.session.tick(at: Instant(nanoseconds: now))
                send(transmission, of: slot)
                now = clinux_monotonic_nanoseconds()
                memory.pointee.lateness.record(nanoseconds: now - due)
                slot.pointee.session.noteLateness(nanoseconds: now - due)
            } while slot.pointee.session.nextTick.nanoseconds <= now
            announce(index, slot)
            wheel.insert(index, at: slot.pointee.session.nextTick.nanoseconds / Self.nanosecondsPerMillisecond)
        }
    }

    private mutating func receive(slot index: Int, isControl: Bool) {
        guard index >= 0, index < capacity, let slot = slots[index] else { return }
        let count = clinux_batch_receive(batch, isControl ? slot.pointee.controlSocket : slot.pointee.mediaSocket)
        guard count > 0 else { return }
        let now = Instant(nanoseconds: clinux_monotonic_nanoseconds())
        var number: Int32 = 0
        while number < count {
            var length = 0
            var source = clinux_address()
            let bytes = clinux_batch_datagram(batch, number, &length, &source)
            let datagram = UnsafeRawBufferPointer(start: bytes, count: length)
            if isControl {
                slot.pointee.session.receiveControl(datagram, from: SocketAddress(source), at: now)
            } else {
                slot.pointee.session.receive(datagram, from: SocketAddress(source), at: now)
            }
            number += 1
        }
        announce(index, slot)
    }

    private func send(_ transmission: MediaSession.Transmission, of slot: UnsafeMutablePointer<SessionSlot>) {
        if transmission.mediaLength > 0 {
            var to = slot.pointee.session.mediaDestination.bits
            let bytes = slot.pointee.session.mediaDatagram.baseAddress
            let sent = clinux_udp_send(slot.pointee.mediaSocket, bytes, transmission.mediaLength, &to)
            if sent < 0 { slot.pointee.session.noteSendFailure() }
        }
        if transmission.controlLength > 0 {
            var to = slot.pointee.session.controlDestination.bits
            let bytes = slot.pointee.session.controlDatagram.baseAddress
            let socket =
                slot.pointee.session.multiplexesControl ? slot.pointee.mediaSocket : slot.pointee.controlSocket
            let sent = clinux_udp_send(socket, bytes, transmission.controlLength, &to)
            if sent < 0 { slot.pointee.session.noteSendFailure() }
        }
    }

    /// Tells the pump that a session has written upward, unless it knows.
    private mutating func announce(_ index: Int, _ slot: UnsafeMutablePointer<SessionSlot>) {
        guard slot.pointee.session.takeUpwardFlag(), slot.pointee.session.announce() else { return }
        memory.pointee.ready.push(index)
        mustWakePump = true
    }

    private mutating func wakePump() {
        guard mustWakePump else { return }
        mustWakePump = false
        if memory.pointee.isPumpAsleep.exchange(false, ordering: .sequentiallyConsistent) {
            clinux_event_signal(memory.pointee.pumpEvent)
        }
    }

    private mutating func arm() {
        let next = (wheel.next ?? 0) * Self.nanosecondsPerMillisecond
        guard next != armed else { return }
        armed = next
        _ = clinux_timer_arm(timer, next)
    }
}
