#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

extension EdgeBundle {
    /// Writes the files of an engine's model below `directory`, and gives their folder. Errors: no model, or no room.
    package func modelFolder(_ engine: String, in directory: String) throws -> String {
        let installed = "\(directory)/\(sha256)"
        let paths = manifest.files.filter { $0.section == "model:\(engine)" }.map(\.path)
        for (path, bytes) in zip(paths, try files(paths)) { try write(bytes, to: "\(installed)/\(path)") }
        return "\(installed)/models/\(engine)"
    }
}

private func write(_ bytes: [UInt8], to path: String) throws {
    let parts = path.split(separator: "/", omittingEmptySubsequences: false)
    for count in 2..<parts.count { mkdir(parts.prefix(count).joined(separator: "/"), 0o700) }
    guard let file = fopen(path, "wb") else { throw unwritable(path) }
    let written = fwrite(bytes, 1, bytes.count, file)
    if fclose(file) != 0 || written != bytes.count { throw unwritable(path) }
}

private func unwritable(_ path: String) -> EdgeError {
    EdgeError("\(path) cannot be written", evidence: String(cString: strerror(errno)), fix: "make room, or name another directory")
}
