let localSize = 30
let centralSize = 46
let endSize = 22

/// A file of an archive; `offset` is that of its data.
struct ArchiveEntry {
    let name: [UInt8]
    let crc: UInt32
    let compressed: Int
    let bytes: Int
    let offset: Int
}

/// The headers that an archive must have, byte for byte (BUNDLE.md, section 4); all numbers little-endian.
func localHeader(_ entry: ArchiveEntry) -> [UInt8] {
    integers(0x0403_4B50) + shorts(20, 0, 8, 0, 0x21) + integers(Int(entry.crc), entry.compressed, entry.bytes)
        + shorts(entry.name.count, 0) + entry.name
}

func centralHeader(_ entry: ArchiveEntry) -> [UInt8] {
    integers(0x0201_4B50) + shorts(3 << 8 | 20, 20, 0, 8, 0, 0x21)
        + integers(Int(entry.crc), entry.compressed, entry.bytes) + shorts(entry.name.count, 0, 0, 0, 0)
        + integers(0x81A4 << 16, entry.offset - localSize - entry.name.count) + entry.name  // a regular file, 0644
}

func endRecord(count: Int, length: Int, start: Int, comment: Int) -> [UInt8] {
    integers(0x0605_4B50) + shorts(0, 0, count, count) + integers(length, start) + shorts(comment)
}

private func integers(_ values: Int...) -> [UInt8] {
    values.flatMap { value in (0..<4).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) } }
}

private func shorts(_ values: Int...) -> [UInt8] {
    values.flatMap { [UInt8(truncatingIfNeeded: $0), UInt8(truncatingIfNeeded: $0 >> 8)] }
}

func short(_ data: [UInt8], _ at: Int) -> Int { Int(data[at]) | Int(data[at + 1]) << 8 }
