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
            let sent = LineAudio.bytes(of: run, audio, isLast: !runs[(index + 1)...].contains { $0.tag == run.tag })
            if keepsPauses, let first = runs.first {
                let position = Int(run.rtpTimestamp &- first.rtpTimestamp)
                bytes += Array(repeating: LineAudio.silence, count: max(0, position - bytes.count))
            }
            let begin = bytes.count
            bytes += keepsPauses ? sent : sent.filter { $0 != LineAudio.silence }
            if run.firstByte > 0 { faded.append(begin..<min(bytes.count, begin + LineAudio.fade)) }
            if runs[(index + 1)...].contains(where: { $0.tag == run.tag }) {
                faded.append(max(begin, bytes.count - LineAudio.fade)..<bytes.count)
            }
        }
        let kept = LineAudio.trimmed(bytes)
        faded = faded.map { $0.lowerBound - kept.startIndex..<$0.upperBound - kept.startIndex }
        bytes = Array(kept)
    }

    /// A run's bytes as they went out: what was cut short is faded out.
    private static func bytes(of run: PlayoutLedger.Run, _ audio: VirtualAudio, isLast: Bool) -> [UInt8] {
        let said = audio.said[run.tag] ?? []
        let end = min(said.count, run.firstByte + (run.count ?? 0))
        var bytes = Array(said[min(run.firstByte, end)..<end])
        guard isLast, end < said.count, run.bytesPerPacket > 0 else { return bytes }
        let count = (bytes.count - run.bytesInFirstPacket) % run.bytesPerPacket
        guard count > 0, count <= fade else { return bytes }
        for index in 0..<count {
            let position = bytes.count - count + index
            let level = Int32(G711.decode(bytes[position], .mu)) * Int32(count - index) / Int32(count + 1)
            bytes[position] = G711.encode(Int16(level), .mu)
        }
        return bytes
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
