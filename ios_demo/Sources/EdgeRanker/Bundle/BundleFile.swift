let weightsPath = "weights.bin"
let engineNames = ["litert", "onnx", "coreml"]
private let common: [String: String] = [
    "text.json": "text", "vocab.txt": "vocabulary", "golden.jsonl": "golden", weightsPath: "weights",
]
private let fileKeys: Set<ByteText> = ["path", "bytes", "sha256", "section"]

/// A file as the manifest lists it: `bytes` and `sha256` are those of the whole file, with its holes filled.
struct BundleFile: Sendable {
    let path: String
    let bytes: Int
    let sha256: String
    let section: String
    let holes: [Hole]

    init(_ values: ManifestValues) throws {
        if Set(values.keys).subtracting(["holes"]) != fileKeys {
            throw EdgeError("a file of the manifest has other keys than path, bytes, sha256, section and holes")
        }
        let named = try values.string("path")
        path = named.description
        guard let section = sectionOf(path) else { throw EdgeError("'\(shown(named))' has no place in a bundle") }
        if try values.string("section") != ByteText(section) {
            throw EdgeError("'\(shown(named))' does not belong to its section")
        }
        self.section = section
        bytes = try values.count("bytes")
        let digest = try values.string("sha256")
        if digest.bytes.count != 64 || EdgeRanker.bytes(ofHex: digest.bytes) == nil {
            throw values.error("sha256", "64 lower-case hex digits")
        }
        sha256 = digest.description
        holes = values.has("holes") ? try values.list("holes").map(hole) : []
        if !holes.isEmpty && !section.hasPrefix("model:") {
            throw values.error("holes", "absent: only models have holes")
        }
    }
}

/// The section of a file by its path, nil if it has no place in a bundle.
private func sectionOf(_ path: String) -> String? {
    let engine = engineNames.first { path.hasPrefix("models/\($0).") || path.hasPrefix("models/\($0)/") }
    return engine.map { "model:\($0)" } ?? common[path]
}

private func hole(_ value: JsonValue) throws -> Hole {
    guard case .list(let parts) = value, parts.count == 3,
        case .integer(let offset) = parts[0], (0...largestCount).contains(offset),
        case .text(let tensor) = parts[1],
        case .text(let named) = parts[2], let form = Form(rawValue: named.description)
    else { throw EdgeError("a hole must be [offset, tensor, form], not \(shown(value))") }
    return Hole(offset: Int(offset), tensor: tensor, form: form)
}

/// The files of a manifest. Errors: one without a place, one twice, no text, vocabulary, golden requests or model.
func files(_ values: [JsonValue]) throws -> [BundleFile] {
    let files = try values.enumerated().map { try BundleFile(ManifestValues("files[\($0.offset)]", $0.element)) }
    let sections = Set(files.map(\.section))
    if Set(files.map(\.path)).count < files.count { throw EdgeError("the manifest lists a file twice") }
    for section in ["text", "vocabulary", "golden"] where !sections.contains(section) {
        throw EdgeError("the manifest lists no file of \(section)")
    }
    if !sections.contains(where: { $0.hasPrefix("model:") }) { throw EdgeError("the manifest lists no model") }
    if !sections.contains("weights") && files.contains(where: { !$0.holes.isEmpty }) {
        throw EdgeError("the manifest lists holes, but no \(weightsPath) to fill them")
    }
    return files
}
