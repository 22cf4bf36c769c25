import Synchronization

/// What ordinary code asks of a media thread. Constant once it is linked, but for `next`.
struct CommandNode: ~Copyable {
    enum Kind: UInt8 {
        /// The first node of a queue; also one that was only told and holds nothing.
        case empty
        /// Payload bytes of `tag`.
        case play
        /// Payload bytes of no tag: a tone.
        case tone
        /// No more bytes for `tag`.
        case finish
        case flush
        /// Holds what is queued.
        case pause
        case resume
        /// The payload is a ``WireParameters``.
        case start
        /// The payload is ASCII.
        case digits
        /// `address` is a ``RecordingTap``; `nil` ends the recording.
        case record
        /// To a loop: `address` is a ``SessionSlot`` to be driven as number `tag`.
        case add
        /// To a loop: no longer drive number `tag`.
        case remove
        /// To a loop: return.
        case stop
    }

    /// Where the payload begins, aligned for every value that travels as one.
    static let headerSize = 64

    let next = Atomic<UnsafeMutableRawPointer?>(nil)
    let kind: Kind
    let tag: UInt32
    let address: UnsafeMutableRawPointer?
    let length: Int

    static func allocate(
        _ kind: Kind, tag: UInt32 = 0, address: UnsafeMutableRawPointer? = nil,
        payload: UnsafeRawBufferPointer = UnsafeRawBufferPointer(start: nil, count: 0)
    ) -> UnlinkedCommand {
        let raw = UnsafeMutableRawPointer.allocate(byteCount: headerSize + payload.count, alignment: 16)
        let node = raw.bindMemory(to: CommandNode.self, capacity: 1)
        node.initialize(to: CommandNode(kind: kind, tag: tag, address: address, length: payload.count))
        if let source = payload.baseAddress, !payload.isEmpty {
            (raw + headerSize).copyMemory(from: source, byteCount: payload.count)
        }
        return UnlinkedCommand(node: node)
    }
}

/// A node on its way into a queue.
///
/// Not checked by the compiler: nobody else knows the node before it is linked, and its maker forgets it then.
struct UnlinkedCommand: @unchecked Sendable {
    let node: UnsafeMutablePointer<CommandNode>
}

extension UnsafeMutablePointer<CommandNode> {
    /// The node's payload bytes.
    var payload: UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(start: UnsafeRawPointer(self) + CommandNode.headerSize, count: pointee.length)
    }

    /// The node linked behind this one, with everything that was written before it was linked.
    var next: UnsafeMutablePointer<CommandNode>? {
        pointee.next.load(ordering: .acquiring)?.assumingMemoryBound(to: CommandNode.self)
    }
}

/// The producer's end of an unbounded wait-free queue from ordinary code to a media thread.
///
/// A linked list: the producer allocates nodes, and frees those that the consumer has left behind. The consumer only
/// follows ``UnsafeMutablePointer/next`` and publishes where it stands; the node that it stands on is never freed.
/// Producers take turns by a lock of their own, which the consumer never touches.
struct CommandQueue: ~Copyable {
    /// Where the consumer stands.
    struct Reached: ~Copyable {
        private let node: Atomic<UnsafeMutableRawPointer>

        init(_ first: UnlinkedCommand) { node = Atomic(UnsafeMutableRawPointer(first.node)) }

        /// Consumer: nodes before `node` may be freed.
        func publish(_ node: UnsafeMutablePointer<CommandNode>) {
            self.node.store(UnsafeMutableRawPointer(node), ordering: .releasing)
        }

        fileprivate func load() -> UnsafeMutableRawPointer { node.load(ordering: .acquiring) }
    }

    private var oldest: UnsafeMutablePointer<CommandNode>
    private var newest: UnsafeMutablePointer<CommandNode>

    /// - Parameter first: A node of kind ``CommandNode/Kind/empty``, where the consumer starts.
    init(first: UnlinkedCommand) {
        oldest = first.node
        newest = first.node
    }

    /// Links a node, and frees what the consumer has left behind.
    mutating func append(_ command: UnlinkedCommand, reached: borrowing Reached) {
        let node = command.node
        newest.pointee.next.store(UnsafeMutableRawPointer(node), ordering: .releasing)
        newest = node
        let end = reached.load()
        while UnsafeMutableRawPointer(oldest) != end, let next = oldest.next {
            Self.free(oldest)
            oldest = next
        }
    }

    /// Frees every node; the consumer is gone.
    mutating func removeAll() {
        var node: UnsafeMutablePointer<CommandNode>? = oldest
        while let current = node {
            node = current.next
            Self.free(current)
        }
    }

    private static func free(_ node: UnsafeMutablePointer<CommandNode>) {
        node.deinitialize(count: 1)
        UnsafeMutableRawPointer(node).deallocate()
    }
}
