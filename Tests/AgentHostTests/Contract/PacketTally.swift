import Foundation
import TestSupport

/// What became of one call's packets, counted in passing: nothing of them is kept but how late each was.
struct PacketTally: Sendable {
    private(set) var count = 0
    /// Places where a sequence number or a timestamp did not follow on the one before.
    private(set) var gaps = 0
    private var last: (sequenceNumber: UInt16, timestamp: UInt32)?
    private var start: Int64 = 0
    /// Of each packet, against the first one's clock. [µs]
    private var delays: [Int32] = []

    /// Takes packets out of a peer.
    mutating func collect(_ peer: RTPPeer) {
        var packets: [RTPPeer.Packet] = []
        peer.packets.update { swap(&packets, &$0) }
        for packet in packets { add(packet) }
    }

    private mutating func add(_ packet: RTPPeer.Packet) {
        if let last {
            let follows =
                packet.sequenceNumber == last.sequenceNumber &+ 1 && packet.timestamp == last.timestamp &+ 160
            if !follows { gaps += 1 }
        } else {
            start = packet.arrival
        }
        last = (packet.sequenceNumber, packet.timestamp)
        delays.append(Int32(clamping: (packet.arrival - start) / 1_000 - Int64(count) * 20_000))
        count += 1
    }

    /// How late each packet was, against the one that was least so. [ms]
    var lateness: [Double] {
        let earliest = delays.min() ?? 0
        return delays.map { Double($0 - earliest) / 1_000 }
    }
}

/// Memory of this process.
enum Memory {
    /// What the process holds (`proc(5)`). [byte]
    static func resident() throws -> Int {
        let fields = try String(contentsOfFile: "/proc/self/statm", encoding: .utf8).split(separator: " ")
        guard fields.count > 1, let pages = Int(fields[1]) else { throw CocoaError(.fileReadCorruptFile) }
        return pages * Int(getpagesize())
    }
}
