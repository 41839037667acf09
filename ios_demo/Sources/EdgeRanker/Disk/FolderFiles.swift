#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// The ending of files and folders that are not complete yet.
let partialEnding = ".partial"
private let ownerOnly: mode_t = 0o600
private let pieceBytes = 1 << 16

extension Folder {
    /// Writes a file piece by piece, and creates the folders in its name. Errors: it cannot be written, or those of
    /// `pieces`.
    func write(_ name: String, _ pieces: (_ piece: (ArraySlice<UInt8>) throws -> Void) throws -> Void) throws {
        let parents = name.split(separator: "/").dropLast()
        if !parents.isEmpty { try folder(parents.joined(separator: "/")).make() }
        let path = path(name)
        let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, ownerOnly)
        if descriptor < 0 { throw DiskError(path) }
        defer { close(descriptor) }
        try pieces { try writeAll($0, descriptor, path) }
    }

    /// Replaces a file atomically: no process reads half of it, however many write it.
    func replace(_ name: String, with bytes: [UInt8]) throws {
        let partial = "\(name).\(randomName())\(partialEnding)"
        do {
            try write(partial) { try $0(bytes[...]) }
            if renamed(path(partial), path(name)) != 0 { throw DiskError(path(name)) }
        } catch {
            unlink(path(partial))
            throw error
        }
    }

    /// The bytes of a file; nil if it cannot be read or is not a file.
    func read(_ name: String) -> [UInt8]? {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(size(name) ?? 0)
        return readPieces(name) { bytes.append(contentsOf: $0) } ? bytes : nil
    }

    /// The SHA-256 of a file in hex; nil if it cannot be read.
    func sha256(_ name: String) -> String? {
        var digest = Sha256()
        return readPieces(name) { digest.update($0) } ? hex(digest.finish()) : nil
    }

    /// The size of a regular file in bytes; nil if it is not one.
    func size(_ name: String) -> Int? {
        guard let status = status(path(name)), status.st_mode & S_IFMT == S_IFREG else { return nil }
        return Int(status.st_size)
    }

    /// Errors: the file exists and cannot be removed.
    func removeFile(_ name: String) throws {
        if unlink(path(name)) != 0 && errno != ENOENT { throw DiskError(path(name)) }
    }

    private func readPieces(_ name: String, _ piece: (UnsafeRawBufferPointer) -> Void) -> Bool {
        let descriptor = open(path(name), O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
        if descriptor < 0 { return false }
        defer { close(descriptor) }
        return withUnsafeTemporaryAllocation(byteCount: pieceBytes, alignment: 16) { buffer in
            while true {
                let count = systemRead(descriptor, buffer)
                if count < 0 && errno == EINTR { continue }
                if count <= 0 { return count == 0 }
                piece(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
            }
        }
    }
}

private func systemRead(_ descriptor: Int32, _ buffer: UnsafeMutableRawBufferPointer) -> Int {
    read(descriptor, buffer.baseAddress, buffer.count)
}

private func systemWrite(_ descriptor: Int32, _ bytes: UnsafeRawBufferPointer) -> Int {
    write(descriptor, bytes.baseAddress, bytes.count)
}

private func writeAll(_ bytes: ArraySlice<UInt8>, _ descriptor: Int32, _ path: String) throws {
    try bytes.withUnsafeBytes { bytes in
        var written = 0
        while written < bytes.count {
            let count = systemWrite(descriptor, UnsafeRawBufferPointer(rebasing: bytes[written...]))
            if count < 0 && errno == EINTR { continue }
            if count < 0 { throw DiskError(path) }
            written += count
        }
    }
}
