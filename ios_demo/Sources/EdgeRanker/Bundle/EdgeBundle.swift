private let mostManifest = 256 << 10

/// A bundle whose every byte was checked when it was opened (BUNDLE.md, section 5).
package struct EdgeBundle: Sendable {
    let manifest: Manifest
    /// Of the whole file.
    let sha256: String
    /// That there is a signature, not whose.
    let isSigned: Bool
    /// Every file that an installation has, `manifest.json` first, with its size and its SHA-256.
    let installable: [(path: String, bytes: Int, sha256: String)]
    private var folder: Folder?
    private let unpacked: Result<PackedWeights, any Error>
    private let source: Source
    private let publicKey: PublicKey?

    /// Every file inflated and checked once. With a key, a bundle that its owner did not sign is refused.
    package init(_ source: Source, publicKey: PublicKey? = nil) throws {
        let archive = try Archive(source, publicKey)
        self.source = source
        self.publicKey = publicKey
        sha256 = archive.sha256
        isSigned = archive.isSigned
        let listed = try manifestBytes(archive)
        manifest = try refusing(source) { try Manifest(listed) }
        installable = [(manifestPath, listed.count, hex(EdgeRanker.sha256(listed)))]
            + manifest.files.filter { $0.path != weightsPath }.map { ($0.path, $0.bytes, $0.sha256) }
        try checkListing(archive, manifest)
        let packed = try manifest.file(weightsPath).map { try bytes(of: $0, archive, .none) }
        unpacked = Result { try packed.map { bytes in try refusing(source) { try PackedWeights(reading: bytes) } } ?? .none }
        // Weights that nothing is filled from are refused by the engine that reads them.
        let weights = try manifest.files.allSatisfy(\.holes.isEmpty) ? .none : unpacked.get()
        for file in manifest.files where file.path != weightsPath { try read(file, archive, weights) { _ in } }
    }

    /// Every parameter of the model; none if the bundle packs none. Errors: `weights.bin` cannot be decoded.
    package var weights: PackedWeights { get throws { try unpacked.get() } }

    /// The engines for which there is a model.
    package var engines: [String] { engineNames.filter { engine in manifest.files.contains { $0.section == "model:\(engine)" } } }

    package var shape: ModelShape { manifest.shape }

    /// The names of a model's graphs of static shapes.
    package func buckets(_ engine: String) -> [String] { manifest.buckets[engine] ?? [] }

    /// The SHA-256 that the manifest lists for `weights.bin`, empty without it.
    var weightsSha256: String { manifest.file(weightsPath)?.sha256 ?? "" }

    /// The bundle with its files in a folder, where they are whole.
    func installed(in folder: Folder) -> EdgeBundle {
        var bundle = self
        bundle.folder = folder
        return bundle
    }

    /// The path of a file of the installation; nil if the bundle is not installed.
    package func installedPath(_ path: String) -> String? { folder?.path(path) }

    /// A model's file: mapped if the bundle is installed, otherwise read and held in memory.
    package func fileBytes(_ path: String) throws -> FileBytes {
        if let installed = installedPath(path) { return try FileBytes(mapping: installed) }
        return FileBytes(copying: try files([path])[0])
    }

    /// Gives each file of an installation in pieces, read and checked again.
    func unpack(_ write: (String, (_ piece: (ArraySlice<UInt8>) throws -> Void) throws -> Void) throws -> Void) throws {
        let archive = try archiveAgain()
        try write(manifestPath) { piece in try piece(manifestBytes(archive)[...]) }
        let weights = try manifest.files.allSatisfy(\.holes.isEmpty) ? .none : self.weights
        for file in manifest.files where file.path != weightsPath {
            try write(file.path) { piece in try read(file, archive, weights, piece) }
        }
    }

    /// Errors: the bundle is not the one that was opened.
    private func archiveAgain() throws -> Archive {
        let archive = try Archive(source, publicKey)
        if archive.sha256 != sha256 { throw source.refused("it was replaced since it was opened") }
        return archive
    }

    /// The bytes of files, read and checked again. Errors: the bundle is not the one that was opened.
    package func files(_ paths: [String]) throws -> [[UInt8]] {
        let archive = try archiveAgain()
        return try paths.map { path in
            guard let file = manifest.file(path) else { throw source.refused("it has no \(path)") }
            return try bytes(of: file, archive, file.holes.isEmpty ? .none : weights)
        }
    }

    /// The golden requests. Errors: as of `files`, and a line that breaks a rule.
    package func goldenRequests() throws -> [Request] {
        try Golden(manifest, files(["golden.jsonl"])[0], texts()).lines.map(\.request)
    }

    /// The text side of the model. Errors: `text.json` or `vocab.txt` cannot be read, or contradicts the manifest.
    func texts() throws -> Texts {
        let files = try files(["text.json", "vocab.txt"])
        return try refusing(source) {
            let spec = try TextSpec(reading: files[0])
            let wordPiece = try WordPiece(reading: files[1])
            let shape = manifest.shape
            if spec.numbers.count != shape.numbers {
                throw EdgeError("text.json has \(spec.numbers.count) numbers, not \(shape.numbers)")
            }
            if wordPiece.count != shape.vocabulary {
                throw EdgeError("vocab.txt has \(wordPiece.count) tokens, not \(shape.vocabulary)")
            }
            if spec.maxSegmentTokens > shape.positions {
                throw EdgeError("text.json has segments of more tokens than the model")
            }
            return Texts(spec, try TextEncoder(wordPiece, lowercase: spec.lowercase))
        }
    }
}

private func manifestBytes(_ archive: Archive) throws -> [UInt8] {
    guard let entry = archive.entry(manifestPath) else { throw archive.source.refused("it has no \(manifestPath)") }
    if entry.bytes > mostManifest { throw archive.source.refused("\(manifestPath) has more than \(mostManifest) bytes") }
    var bytes: [UInt8] = []
    try archive.inflate(entry) { bytes.append(contentsOf: $0) }
    return bytes
}

private func checkListing(_ archive: Archive, _ manifest: Manifest) throws {
    let source = archive.source
    try archive.checkTotal(manifest.files.reduce(0) { $0 + $1.bytes })
    let listed = Set(manifest.files.map { Array($0.path.utf8) } + [Array(manifestPath.utf8)])
    for entry in archive.entries where !listed.contains(entry.name) {
        throw source.refused("'\(shown(ByteText(entry.name)))' is not listed")
    }
    for file in manifest.files {
        guard let size = archive.entry(file.path)?.bytes else { throw source.refused("\(file.path) is listed but missing") }
        if size > file.bytes || (size < file.bytes && file.holes.isEmpty) {
            throw source.refused("\(file.path) has \(size) bytes, \(manifestPath) lists \(file.bytes)")
        }
    }
}

private func bytes(of file: BundleFile, _ archive: Archive, _ weights: PackedWeights) throws -> [UInt8] {
    var bytes: [UInt8] = []
    try read(file, archive, weights) { bytes.append(contentsOf: $0) }
    return bytes
}

/// Gives a file in pieces, its holes filled. Errors, after the last piece: it is not what the manifest lists.
private func read(
    _ file: BundleFile, _ archive: Archive, _ weights: PackedWeights, _ piece: (ArraySlice<UInt8>) throws -> Void
) throws {
    guard let entry = archive.entry(file.path) else { throw archive.source.refused("it has no \(file.path)") }
    var digest = Sha256()
    func digesting(_ part: ArraySlice<UInt8>) throws {
        part.withUnsafeBytes { digest.update($0) }
        try piece(part)
    }
    if file.holes.isEmpty {
        try archive.inflate(entry, digesting)
    } else {
        var rest: [UInt8] = []
        try archive.inflate(entry) { rest.append(contentsOf: $0) }
        try refusing(archive.source) { try fill(rest, file.holes, weights, size: file.bytes, digesting) }
    }
    if hex(digest.finish()) != file.sha256 {
        throw archive.source.refused("\(file.path) does not match its SHA-256 in \(manifestPath)")
    }
}

/// Errors of what is in a bundle, as refusals of the bundle.
private func refusing<Result>(_ source: Source, _ action: () throws -> Result) throws -> Result {
    do {
        return try action()
    } catch let error as EdgeError {
        if error.problem.hasPrefix(source.name) { throw error }
        let reason = error.evidence.isEmpty ? error.problem : "\(error.problem); \(error.evidence)"
        throw error.fix.isEmpty ? source.refused(reason) : source.refused(reason, fix: error.fix)
    }
}

/// Whether a bundle would be opened, rather than refused.
package func isAccepted(_ bundle: [UInt8]) -> Bool { (try? EdgeBundle(.buffer(bundle))) != nil }
