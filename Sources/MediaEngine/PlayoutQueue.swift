/// The media thread's end of a ``CommandQueue``: where commands are read, and where their audio is played.
///
/// Both walk the same list. `scanned` runs ahead and sees each command once; `playing` follows and takes the bytes.
struct PlayoutQueue: ~Copyable {
    /// Bytes that can be played at once.
    struct Chunk {
        var bytes: UnsafeRawBufferPointer
        /// `nil` for a tone.
        var tag: UInt32?
    }

    private let memory: UnsafeMutablePointer<ChannelMemory>
    private var scanned: UnsafeMutablePointer<CommandNode>
    private var playing: UnsafeMutablePointer<CommandNode>
    private var offset = 0

    init(_ memory: UnsafeMutablePointer<ChannelMemory>) {
        self.memory = memory
        scanned = memory.pointee.firstCommand
        playing = memory.pointee.firstCommand
    }

    /// The next command that was not yet seen.
    mutating func nextCommand() -> UnsafeMutablePointer<CommandNode>? {
        guard let next = scanned.next else { return nil }
        scanned = next
        return next
    }

    /// The bytes to play next, as far as they lie together; `nil` when nothing is queued.
    mutating func front() -> Chunk? {
        while true {
            let kind = playing.pointee.kind
            if kind == .play || kind == .tone, offset < playing.pointee.length {
                let bytes = UnsafeRawBufferPointer(rebasing: playing.payload[offset...])
                return Chunk(bytes: bytes, tag: kind == .play ? playing.pointee.tag : nil)
            }
            guard playing != scanned, let next = playing.next else { return nil }
            playing = next
            offset = 0
            memory.pointee.reached.publish(playing)
        }
    }

    /// Takes bytes of the front chunk.
    mutating func consume(_ count: Int) {
        offset += count
    }

    /// Drops everything up to the command seen last.
    mutating func dropAll() {
        playing = scanned
        offset = playing.pointee.length
        memory.pointee.reached.publish(playing)
    }
}
