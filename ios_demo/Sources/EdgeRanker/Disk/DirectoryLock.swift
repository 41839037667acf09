#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

private let lockName = ".lock"

/// Runs `action` under a lock of the folder, which one ranker of one process holds at a time. The system releases the
/// lock when the process dies. Errors: the folder cannot be written, or those of `action`.
func locking<Result>(_ folder: Folder, _ action: () throws -> Result) throws -> Result {
    try folder.make()
    let path = folder.path(lockName)
    let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
    if descriptor < 0 { throw DiskError(path) }
    defer { close(descriptor) }
    while flock(descriptor, LOCK_EX) != 0 {
        if errno != EINTR { throw DiskError(path) }
    }
    return try action()
}

/// Whether a runtime that is opening a bundle holds a lock of this folder itself, as Python's does.
func isHeld(_ folder: Folder) -> Bool {
    let descriptor = open(folder.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    if descriptor < 0 { return false }
    defer { close(descriptor) }
    return flock(descriptor, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK
}
