import Audio
import MediaEngine

@testable import TestCalls

/// What one end put on the line, µ-law, from its first sound to its last: made of what it was to say and of its ledger.
struct LineAudio {
    static let silence: UInt8 = 0xFF
    /// 8 ms.
    private static let fade = 64

    private var bytes: [UInt8] = []
    /// Where a pause may have faded out what was being heard, and in again: there it is not known what is sent.
    private var faded: [Range<Int>] = []
    var isSilent: Bool { bytes.isEmpty }

    /// - Parameter keepsPauses: Otherwise only what is no silence is kept.
    init(_ audio: VirtualAudio, keepsPauses: Bool) {
        let runs = audio.ledger.runs
        for (index, run) in runs.enumerated() {
            let said = audio.said[run.tag] ?? []
            let end = min(said.count, run.firstByte + (run.count ?? 0))
            let goesOn = runs[(index + 1)...].contains { $0.tag == run.tag }
            if keepsPauses, let first = runs.first {
                let position = Int(run.rtpTimestamp &- first.rtpTimestamp)
                bytes += Array(repeating: LineAudio.silence, count: max(0, position - bytes.count))
            }
            let begin = bytes.count
            bytes += said[min(run.firstByte, end)..<end]
            if !goesOn, end < said.count { fadeOut(run) }
            if run.firstByte > 0 { faded.append(begin..<min(bytes.count, begin + LineAudio.fade)) }
            if goesOn { faded.append(max(begin, bytes.count - LineAudio.fade)..<bytes.count) }
        }
        if !keepsPauses { removePauses() }
        let kept = LineAudio.trimmed(bytes)
        faded = faded.map { $0.lowerBound - kept.startIndex..<$0.upperBound - kept.startIndex }
        bytes = Array(kept)
    }

    /// What was cut short is faded out: all of its last packet, which another run may have begun.
    private mutating func fadeOut(_ run: PlayoutLedger.Run) {
        guard run.bytesPerPacket > 0 else { return }
        let count = (run.bytesPerPacket - run.bytesInFirstPacket + (run.count ?? 0)) % run.bytesPerPacket
        guard count > 0, count <= min(LineAudio.fade, bytes.count) else { return }
        for index in 0..<count {
            let position = bytes.count - count + index
            let level = Int32(G711.decode(bytes[position], .mu)) * Int32(count - index) / Int32(count + 1)
            bytes[position] = G711.encode(Int16(level), .mu)
        }
    }

    private mutating func removePauses() {
        // Before each byte: how many are kept.
        var kept = [0]
        for byte in bytes { kept.append((kept.last ?? 0) + (byte == LineAudio.silence ? 0 : 1)) }
        faded = faded.map { kept[$0.lowerBound]..<kept[$0.upperBound] }
        bytes.removeAll { $0 == LineAudio.silence }
    }

    private static func trimmed(_ bytes: [UInt8]) -> ArraySlice<UInt8> {
        guard let first = bytes.firstIndex(where: { $0 != silence }),
            let last = bytes.lastIndex(where: { $0 != silence })
        else { return [] }
        return bytes[first...last]
    }

    /// Where what was heard is not this; `nil` when it is.
    ///
    /// - Parameter missingAtEnd: Bytes that need not have arrived.
    func difference(from heard: [UInt8], missingAtEnd: Int) -> String? {
        let heard = LineAudio.trimmed(heard)
        let place = zip(bytes, heard).enumerated().first { place, bytes in
            bytes.0 != bytes.1 && !faded.contains { $0.contains(place) }
        }?.offset
        if let place { return "byte \(place) of \(bytes.count) is another; \(heard.count) were heard" }
        if heard.count > bytes.count { return "\(heard.count) bytes of \(bytes.count)" }
        // Trailing silence of what is missing was trimmed with it.
        let missing = bytes.dropFirst(heard.count).drop { $0 == LineAudio.silence }
        return missing.count > missingAtEnd ? "\(missing.count) of \(bytes.count) bytes are missing at the end" : nil
    }
}
