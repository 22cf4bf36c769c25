import ArgumentParser
import Glibc

/// Runs a command's work; an error becomes its one sentence on standard error, and exit status 1.
func reportingFailures(_ work: () async throws -> Void) async throws {
    do {
        try await work()
    } catch let exit as ExitCode {
        throw exit
    } catch {
        reportFailure(error)
        throw ExitCode(1)
    }
}

/// Writes an error's sentence to standard error.
func reportFailure(_ error: any Error) {
    let isColored = Console.hasColor(STDERR_FILENO)
    Console.error(Console.styled("error: ", .red, isColored: isColored) + "\(error)")
}
