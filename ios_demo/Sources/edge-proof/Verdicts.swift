import EdgeRanker

#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// What opening a bundle may take beyond four times its file (bytes).
private let allowance = 32 << 20

/// Whether each bundle in a file of cases gets the verdict that Python gave it, and none takes more memory than it may.
/// On Linux the process cannot get more memory: it ends when it requests it.
///
/// A case has a byte, 1 if Python installs the bundle and 0 if it refuses it; the bundle's length in four bytes,
/// highest byte first; and the bundle. tests/android_demo/bundle_cases.py writes the cases.
func haveVerdictsOfPython(_ path: String) throws -> Bool {
    guard let file = fopen(path, "rb") else { throw EdgeError("\(path) cannot be read", fix: "name a file of cases") }
    defer { fclose(file) }
    var counts = (accepted: 0, refused: 0, different: 0)
    var largest = 0
    let before = peakBytes()
    let held = heldBytes()
    while let head = try bytes(5, of: file, path) {
        guard let bundle = try bytes(head[1...].reduce(0) { $0 << 8 | Int($1) }, of: file, path) else {
            throw EdgeError("\(path) ends within a case")
        }
        largest = max(largest, bundle.count)
        limit(toBytes: held + 4 * bundle.count + allowance)
        let (expected, verdict) = (head[0] == 1, isAccepted(bundle))
        if verdict != expected {
            print("case \(counts.accepted + counts.refused): Python \(expected ? "accepts" : "refuses") it, Swift does not agree")
            counts.different += 1
        }
        if verdict { counts.accepted += 1 } else { counts.refused += 1 }
    }
    let taken = peakBytes() - before
    print("\(counts.accepted) accepted, \(counts.refused) refused, \(counts.different) verdicts differ")
    print("the largest has \(largest) bytes; all of them took \(taken) bytes at most, of \(4 * largest + allowance)")
    return counts.different == 0 && counts.accepted + counts.refused > 0 && taken <= 4 * largest + allowance
}

/// Reads `count` bytes; nil at the end of the file. Errors: the file ends within them.
private func bytes(_ count: Int, of file: UnsafeMutablePointer<FILE>, _ path: String) throws -> [UInt8]? {
    let bytes = [UInt8](unsafeUninitializedCapacity: count) { $1 = fread($0.baseAddress, 1, count, file) }
    if bytes.isEmpty && count > 0 { return nil }
    if bytes.count < count { throw EdgeError("\(path) ends within a case") }
    return bytes
}

/// Memory of the process besides code, touched or not; 0 if the system does not report it.
private func heldBytes() -> Int {
    guard let file = fopen("/proc/self/statm", "r") else { return 0 }
    defer { fclose(file) }
    let line = [UInt8](unsafeUninitializedCapacity: 200) { $1 = fread($0.baseAddress, 1, 200, file) }
    let pages = line.split(separator: UInt8(ascii: " ")).compactMap { Int(String(decoding: $0, as: UTF8.self)) }
    return pages.count > 5 ? pages[5] * Int(getpagesize()) : 0
}

private func limit(toBytes bytes: Int) {
    #if os(Linux)
        var limit = rlimit(rlim_cur: rlim_t(bytes), rlim_max: rlim_t.max)
        setrlimit(__rlimit_resource_t(RLIMIT_DATA.rawValue), &limit)
    #endif
}

/// The most memory that was resident at once since the program began.
private func peakBytes() -> Int {
    var usage = rusage()
    getrusage(0, &usage)  // RUSAGE_SELF, whose type differs between systems
    #if canImport(Darwin)
        return usage.ru_maxrss
    #else
        return usage.ru_maxrss << 10
    #endif
}
