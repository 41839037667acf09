#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// The bytes of a model's file, whose address stays the same as long as this object lives: mapped from an installation,
/// so that the system may take the memory back, or held in memory.
package final class FileBytes {
    package let bytes: UnsafeRawBufferPointer
    private let isMapped: Bool

    /// Errors: the file cannot be mapped.
    init(mapping path: String) throws {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        if descriptor < 0 { throw DiskError(path) }
        defer { close(descriptor) }
        var status = stat()
        if fstat(descriptor, &status) != 0 { throw DiskError(path) }
        let count = Int(status.st_size)
        guard count > 0, let start = mmap(nil, count, PROT_READ, MAP_PRIVATE, descriptor, 0), start != MAP_FAILED else {
            throw DiskError(path)
        }
        bytes = UnsafeRawBufferPointer(start: start, count: count)
        isMapped = true
    }

    init(copying file: [UInt8]) {
        let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: max(file.count, 1), alignment: 64)
        copy.copyBytes(from: file)
        bytes = UnsafeRawBufferPointer(rebasing: copy[..<file.count])
        isMapped = false
    }

    deinit {
        guard let start = bytes.baseAddress else { return }
        if isMapped {
            munmap(UnsafeMutableRawPointer(mutating: start), bytes.count)
        } else {
            start.deallocate()
        }
    }
}
