import Glibc
import Synchronization

/// The right to use a data folder, which one host at a time has: a second one would take the first one's running calls
/// for unfinished ones.
final class FolderLock: Sendable {
    private let descriptor: Mutex<Int32>

    /// - Throws: ``HostError`` when another host has the folder.
    init(folder: String) throws(HostError) {
        let path = folder + "/host.lock"
        let number = open(path, O_CREAT | O_RDWR | O_CLOEXEC, 0o600)
        guard number >= 0 else {
            throw HostError("Cannot write \(path): \(String(cString: strerror(errno))). Give another folder by --data.")
        }
        guard flock(number, LOCK_EX | LOCK_NB) == 0 else {
            close(number)
            throw HostError("Another host uses \(folder). Stop it, or give another folder by --data.")
        }
        descriptor = Mutex(number)
    }

    deinit {
        release()
    }

    func release() {
        descriptor.withLock { number in
            if number >= 0 { close(number) }
            number = -1
        }
    }
}
