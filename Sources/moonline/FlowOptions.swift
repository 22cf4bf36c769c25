import AgentHost
import ArgumentParser
import Logging
import ScriptAPI
import TestCalls

/// How a host takes new versions of its flows.
struct FlowOptions: ParsableArguments {
    @Option(help: "Share of the new calls that an edited flow gets, for example 10%, until moonline reload --promote.")
    var canary = Share(fraction: 1)

    @Flag(help: "Take an edited flow without playing its tests.")
    var skipTests = false

    /// - Parameters:
    ///   - scripts: Folder with `tests/` and `personas/`.
    /// - Throws: `TestStageError`.
    func apply(to configuration: inout HostConfiguration, scripts: String, logger: Logger) throws {
        configuration.canaryShare = canary.fraction
        guard !skipTests else { return }
        let stage = VirtualStage.Configuration(configuration)
        let tests = FlowTests(
            testsFolder: FileSystem.path("tests", in: scripts), flowsFolder: configuration.flowsFolder,
            personasFolder: FileSystem.path("personas", in: scripts), stage: try VirtualStage(stage, logger: logger))
        configuration.verifyFlow = { await tests.verify($0) }
    }
}

/// A part of all, written `10%`.
struct Share: ExpressibleByArgument, Hashable {
    /// Above 0, at most 1.
    let fraction: Double

    init(fraction: Double) {
        self.fraction = fraction
    }

    init?(argument: String) {
        let digits = argument.hasSuffix("%") ? argument.dropLast() : argument[...]
        guard let percent = Double(digits), percent > 0, percent <= 100 else { return nil }
        fraction = percent / 100
    }

    var defaultValueDescription: String { description }

    var description: String {
        let percent = fraction * 100
        return percent == percent.rounded() ? "\(Int(percent))%" : "\(percent)%"
    }
}
