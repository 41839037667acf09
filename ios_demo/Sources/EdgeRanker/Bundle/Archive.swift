private let digestDigits = 64
private let signatureDigits = 128
private let mostFiles = 200
private let mostRatio = 200
private let anyRatio = 1 << 20
private let mostTotalRatio = 50
private let anyTotalRatio = 1 << 24
private let signedPrefix = "edge-ranker/bundle\n"

/// An archive whose digest, signature and layout were checked (BUNDLE.md, sections 4 to 6).
struct Archive {
    let source: Source
    let bytes: [UInt8]
    let entries: [ArchiveEntry]
    /// Of the whole file.
    let sha256: String
    /// That there is a signature, not whose.
    let isSigned: Bool

    /// With a key, an archive that its owner did not sign is refused before anything but its end record is parsed.
    init(_ source: Source, _ publicKey: PublicKey?) throws {
        self.source = source
        bytes = try source.bytes()
        let comment = try Self.comment(bytes, source)
        sha256 = try Self.checkDigest(bytes, comment, source)
        try Self.checkSignature(comment, publicKey, source)
        entries = try ArchiveDirectory(bytes, comment: comment.count, source).entries()
        isSigned = comment.count > digestDigits
    }

    func entry(_ path: String) -> ArchiveEntry? { entries.first { $0.name.elementsEqual(path.utf8) } }

    /// Gives a file's inflated bytes in pieces. Errors: data that contradict the header.
    func inflate(_ entry: ArchiveEntry, _ piece: (ArraySlice<UInt8>) throws -> Void) throws {
        var crc = Crc32()
        var produced = 0
        let data = bytes[entry.offset..<entry.offset + entry.compressed]
        do {
            try Inflater.inflate(data, most: entry.bytes) { part in
                crc.update(part)
                produced += part.count
                try piece(part)
            }
        } catch let error as InflateError {
            throw source.refused("the data of '\(shown(ByteText(entry.name)))' \(error.reason)")
        }
        if produced != entry.bytes || crc.value != entry.crc {
            throw source.refused("the data of '\(shown(ByteText(entry.name)))' does not match its header")
        }
    }

    /// Refuses files that are each small enough, but together a bomb.
    func checkTotal(_ total: Int) throws { try EdgeRanker.checkTotal(total, bytes.count, source) }

    private static func comment(_ bytes: [UInt8], _ source: Source) throws -> [UInt8] {
        for digits in [digestDigits, digestDigits + signatureDigits] {
            let at = bytes.count - endSize - digits
            if at < 0 || littleEndian(bytes, at) != 0x0605_4B50 || short(bytes, at + endSize - 2) != digits { continue }
            return Array(bytes[(at + endSize)...])
        }
        throw source.refused("altered, truncated or not a bundle (its end record is not where it must be)")
    }

    private static func checkDigest(_ bytes: [UInt8], _ comment: [UInt8], _ source: Source) throws -> String {
        var digest = Sha256()
        bytes.withUnsafeBytes { digest.update(UnsafeRawBufferPointer(rebasing: $0[..<(bytes.count - comment.count)])) }
        var whole = digest
        if !hex(digest.finish()).utf8.elementsEqual(comment[..<digestDigits]) {
            throw source.refused("altered (its bytes do not match their SHA-256)")
        }
        whole.update(comment)
        return hex(whole.finish())
    }

    private static func checkSignature(_ comment: [UInt8], _ publicKey: PublicKey?, _ source: Source) throws {
        guard let signature = EdgeRanker.bytes(ofHex: comment[digestDigits...]) else {
            throw source.refused("its signature is not made of hex digits")
        }
        guard let publicKey else { return }
        if signature.isEmpty {
            let fix = "edge sign BUNDLE --key PRIVATE.pem"
            throw source.refused("it is not signed, and only a signed bundle is wanted", fix: fix)
        }
        if !publicKey.accepts(Array(signedPrefix.utf8) + comment[..<digestDigits], signature) {
            throw source.refused("it is not signed with this key", fix: "get it from who has the private key")
        }
    }
}

private func checkTotal(_ total: Int, _ size: Int, _ source: Source) throws {
    let allowed = min(mostBytes, max(anyTotalRatio, mostTotalRatio * size))
    if total > allowed { throw source.refused("its files declare \(total) bytes, more than the limit of \(allowed)") }
}

/// The central directory: headers and data must tile the archive without a gap.
private struct ArchiveDirectory {
    private let bytes: [UInt8]
    private let source: Source
    private let count: Int
    private let start: Int
    private let end: Int

    init(_ bytes: [UInt8], comment: Int, _ source: Source) throws {
        self.bytes = bytes
        self.source = source
        end = bytes.count - endSize - comment
        count = short(bytes, end + 10)
        let length = Int(littleEndian(bytes, end + 12))
        start = Int(littleEndian(bytes, end + 16))
        if count > mostFiles { throw source.refused("it has \(count) files, more than \(mostFiles)") }
        let expected = endRecord(count: count, length: length, start: start, comment: comment)
        if bytes[end..<end + endSize] != expected[...] { throw source.refused("its end record is malformed") }
        if start + length != end || length > mostFiles * (centralSize + 200) {
            throw source.refused("its central directory is not where it must be")
        }
    }

    /// In the order of the file.
    func entries() throws -> [ArchiveEntry] {
        var entries: [ArchiveEntry] = []
        var position = start
        var offset = 0
        for _ in 0..<count {
            let entry = try entry(position, offset)
            let local = localHeader(entry)
            if entry.offset + entry.compressed > start || bytes[offset..<offset + local.count] != local[...] {
                throw source.refused("the header of '\(shown(ByteText(entry.name)))' contradicts the central directory")
            }
            entries.append(entry)
            position += centralSize + entry.name.count
            offset = entry.offset + entry.compressed
        }
        if position != end || offset != start { throw source.refused("it holds bytes that belong to no file") }
        if clash(entries.map(\.name)) {
            throw source.refused("two of its files have the same name, or one lies in another")
        }
        try checkTotal(entries.reduce(0) { $0 + $1.bytes }, bytes.count, source)
        return entries
    }

    /// One central header, whose file must start at `offset`.
    private func entry(_ position: Int, _ offset: Int) throws -> ArchiveEntry {
        if end - position < centralSize || short(bytes, position + 28) > end - position - centralSize {
            throw source.refused("its central directory is truncated")
        }
        let name = Array(bytes[(position + centralSize)...].prefix(short(bytes, position + 28)))
        let compressed = Int(littleEndian(bytes, position + 20))
        let declared = Int(littleEndian(bytes, position + 24))
        if !isFileName(name) { throw source.refused("'\(shown(ByteText(name)))' is not an allowed file name") }
        if declared > mostBytes || (declared > anyRatio && declared > mostRatio * compressed) {
            throw source.refused("'\(shown(ByteText(name)))' declares \(declared) bytes, more than the limits allow")
        }
        let entry = ArchiveEntry(
            name: name, crc: littleEndian(bytes, position + 16), compressed: compressed, bytes: declared,
            offset: offset + localSize + name.count)
        let expected = centralHeader(entry)
        if bytes[position..<position + expected.count] != expected[...] {
            throw source.refused("the central header of '\(shown(ByteText(name)))' is malformed")
        }
        return entry
    }
}
