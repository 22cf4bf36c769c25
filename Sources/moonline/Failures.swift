import ArgumentParser

/// Runs a command's work; an error becomes its one sentence on standard error, and an exit status.
func reportingFailures(status: Int32 = 1, _ work: () async throws -> Void) async throws {
    do {
        try await work()
    } catch let exit as ExitCode {
        throw exit
    } catch {
        Console.failure("\(error)")
        throw ExitCode(status)
    }
}
