#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

private let ownerOnly: mode_t = 0o700

/// A file or folder that the system failed to read or write.
struct DiskError: Error {
    let path: String
    let reason: String

    init(_ path: String) {
        self.path = path
        reason = String(cString: strerror(errno))
    }
}

/// A folder, by its path. Only the app's user may read what is written into it.
struct Folder: Hashable, Sendable {
    let path: String

    init(_ path: String) { self.path = path }

    /// Its last component.
    var name: String { path.split(separator: "/").last.map(String.init) ?? "" }

    func path(_ name: String) -> String { "\(path)/\(name)" }

    func folder(_ name: String) -> Folder { Folder(path(name)) }

    /// The folder beside it whose name is this one's with an ending.
    func sibling(_ ending: String) -> Folder { Folder(path + ending) }

    /// Creates the folder and its parents; those that exist stay as they are.
    func make() throws {
        if mkdir(path, ownerOnly) == 0 { return }
        let code = errno
        let error = DiskError(path)
        let parents = path.split(separator: "/").dropLast()
        if code == ENOENT && !parents.isEmpty {
            try Folder((path.hasPrefix("/") ? "/" : "") + parents.joined(separator: "/")).make()
            if mkdir(path, ownerOnly) == 0 { return }
        }
        if !isThere { throw error }
    }

    /// Whether it exists and is a folder.
    var isThere: Bool { status(path).map { $0.st_mode & S_IFMT == S_IFDIR } ?? false }

    /// The names of its entries, in no order; empty if it cannot be read.
    var names: [String] {
        guard let stream = opendir(path) else { return [] }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { field in
                field.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != "." && name != ".." { names.append(name) }
        }
        return names
    }

    /// When it was last changed, in nanoseconds since 1970; 0 if it does not exist.
    var modified: Int {
        guard let status = status(path) else { return 0 }
        #if canImport(Darwin)
            return status.st_mtimespec.tv_sec * 1_000_000_000 + status.st_mtimespec.tv_nsec
        #else
            return status.st_mtim.tv_sec * 1_000_000_000 + status.st_mtim.tv_nsec
        #endif
    }

    /// Marks it as the folder that was used last.
    func touch() throws {
        if utimensat(AT_FDCWD, path, nil, 0) != 0 { throw DiskError(path) }
    }

    /// Renames the folder atomically. Errors: the other name is taken.
    func rename(to other: Folder) throws {
        if renamed(path, other.path) != 0 { throw DiskError(other.path) }
    }

    /// Removes it with everything in it.
    func remove() throws { try removeTree(path) }
}

/// The system's `rename`, which the method of `Folder` would hide.
func renamed(_ path: String, _ other: String) -> Int32 { rename(path, other) }

/// The status of an entry; of a link, that of the link itself.
func status(_ path: String) -> stat? {
    var status = stat()
    return lstat(path, &status) == 0 ? status : nil
}

private func removeTree(_ path: String) throws {
    guard let status = status(path) else { return }
    if status.st_mode & S_IFMT != S_IFDIR {
        if unlink(path) != 0 && errno != ENOENT { throw DiskError(path) }
        return
    }
    let folder = Folder(path)
    for name in folder.names { try removeTree(folder.path(name)) }
    if rmdir(path) != 0 && errno != ENOENT { throw DiskError(path) }
}
