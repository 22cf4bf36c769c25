import FoundationEssentials

/// Plays tests in virtual time.
public struct VirtualPlayer: TestPlayer {
    private let stage: VirtualStage

    public init(stage: VirtualStage) {
        self.stage = stage
    }

    public var isDeterministic: Bool { true }

    @concurrent public func play(_ item: TestSelection.Item, seed: UInt64, folder: String?) async -> TestResult {
        let plan = VirtualCallPlan(
            test: item.test, flow: item.flow, persona: item.persona, seed: seed, folder: folder)
        do {
            if let folder { try TestFolders.make(folder) }
            var played = await (try VirtualCall(plan, stage: stage)).play()
            if let folder, let log = played.log {
                played.test.recording = folder + "/recording.wav"
                played.test.eventLog = folder + "/events.jsonl"
                try Data(log.bytes).write(to: URL(filePath: folder + "/events.jsonl"))
            }
            return played.test
        } catch {
            return .notRun(item.test, seed: seed, message: "The call cannot be played: \(error)")
        }
    }
}
