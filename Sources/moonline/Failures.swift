import ArgumentParser

/// Runs a command's work; an error becomes its one sentence on standard error, and exit status 1.
func reportingFailures(_ work: () async throws -> Void) async throws {
    do {
        try await work()
    } catch let exit as ExitCode {
        throw exit
    } catch {
        Console.failure("\(error)")
        throw ExitCode(1)
    }
}
