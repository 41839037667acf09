#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

let mostBytes = 1 << 30

/// Where the bytes of a bundle are: a file, a part of an open file, or a buffer.
public struct Source: Sendable {
    let name: String
    private let load: @Sendable () throws -> [UInt8]

    /// A file, which is opened for each reading of it.
    public static func file(_ path: String) -> Source {
        Source(name: path) {
            let descriptor = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC)
            if descriptor < 0 { throw unreadable(path) }
            defer { close(descriptor) }
            var status = stat()
            if fstat(descriptor, &status) != 0 { throw unreadable(path) }
            if status.st_mode & S_IFMT != S_IFREG {
                throw refusal(path, "not a regular file", fix: "give the path of an .edge file")
            }
            return try readBytes(path, descriptor, offset: 0, length: Int(status.st_size))
        }
    }

    /// The `length` bytes from `offset` on of an open file, of which no other byte is read; it stays open.
    public static func descriptor(_ descriptor: Int32, offset: Int, length: Int) -> Source {
        Source(name: "the bundle") { try readBytes("the bundle", descriptor, offset: offset, length: length) }
    }

    /// Bytes that are in memory.
    public static func buffer(_ bytes: [UInt8]) -> Source { Source(name: "the bundle") { bytes } }

    /// All bytes. Errors: they cannot be read, or are more than a bundle may have.
    package func bytes() throws -> [UInt8] {
        let bytes = try load()
        if bytes.count > mostBytes { throw refused("it has more than \(mostBytes) bytes") }
        return bytes
    }

    func refused(_ reason: String, fix: String = again) -> EdgeError { refusal(name, reason, fix: fix) }
}

private let again = "export it again, or copy it again from where it was made"

private func refusal(_ name: String, _ reason: String, fix: String = again) -> EdgeError {
    EdgeError("\(name) refused: \(reason)", fix: fix)
}

private func unreadable(_ path: String) -> EdgeError {
    EdgeError("\(path) cannot be read", evidence: String(cString: strerror(errno)), fix: "give the path of an .edge file")
}

private func readBytes(_ name: String, _ descriptor: Int32, offset: Int, length: Int) throws -> [UInt8] {
    if offset < 0 || length < 0 || length > mostBytes {
        throw refusal(name, "it has no bytes \(offset) to \(offset) + \(length)", fix: "pass its offset and its length")
    }
    return try [UInt8](unsafeUninitializedCapacity: length) { buffer, count in
        while count < length {
            let read = pread(descriptor, buffer.baseAddress! + count, length - count, off_t(offset + count))
            if read < 0 && errno == EINTR { continue }
            if read < 0 { throw unreadable(name) }
            if read == 0 { throw refusal(name, "it ends too early") }
            count += read
        }
    }
}
