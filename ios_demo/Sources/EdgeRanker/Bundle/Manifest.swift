let manifestPath = "manifest.json"
private let schemaPrefix: ByteText = "edge-ranker/bundle/"
private let schemaNumber = 6
private let tolerances = 0.0...10.0
private let mostBuckets = 12
private let staticEngines = ["litert", "coreml"]
private let sizes = ["embed": 1, "encode": 1, "summarise": 2, "append": 1, "score": 2]

/// What a bundle says of itself (BUNDLE.md, section 2).
struct Manifest: Sendable {
    let name: String
    let shape: ModelShape
    let exits: [MeasuredExit]
    let buckets: [String: [String]]
    let tolerance: Double
    let tolerances: [String: Double]
    let files: [BundleFile]

    /// Errors: no JSON, another schema, or what breaks a rule.
    init(_ bytes: [UInt8]) throws {
        let values: ManifestValues
        do {
            values = try ManifestValues("manifest", JsonReader.readStrictly(bytes))
        } catch let error as JsonError {
            throw EdgeError("\(manifestPath) is not valid JSON", evidence: error.reason)
        }
        try checkSchema(values["schema"])
        name = try checkedName(values)
        shape = try ModelShape(values.object("model"))
        exits = try EdgeRanker.exits(values.list("exits"), shape)
        files = try EdgeRanker.files(values.list("files"))
        buckets = try checkedBuckets(values.object("buckets"), Set(files.map(\.section)))
        let golden = try values.object("golden")
        if golden.has("reference") { try golden.checkText("reference") }
        tolerance = try golden.number("tolerance", EdgeRanker.tolerances)
        tolerances = try checkedTolerances(golden)
        try checkRuntimes(values)
        try checkProvenance(values.object("provenance"))
    }

    func file(_ path: String) -> BundleFile? { files.first { $0.path == path } }
}

private func checkSchema(_ value: JsonValue?) throws {
    guard case .text(let schema) = value, schema.hasPrefix(schemaPrefix),
        let number = Int(schema.dropping(schemaPrefix.bytes.count).description)
    else { throw EdgeError("its schema is \(shown(value)), not \(schemaPrefix)\(schemaNumber)", fix: "give an .edge file") }
    if schema == ByteText("\(schemaPrefix)\(schemaNumber)") { return }
    let older = "export the bundle again: it is older than this library"
    let newer = "use a newer version of this library: it is older than the bundle"
    let problem = "its schema is '\(shown(schema))', this version reads \(schemaPrefix)\(schemaNumber)"
    throw EdgeError(problem, fix: number < schemaNumber ? older : newer)
}

private func checkedName(_ values: ManifestValues) throws -> String {
    let name = try values.string("name").bytes
    let isLetter = { (byte: UInt8) in isDigit(byte) || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20) }
    let isAllowed = { (byte: UInt8) in isLetter(byte) || " ._-".utf8.contains(byte) }
    if !(1...64).contains(name.count) || !isLetter(name[0]) || !name.allSatisfy(isAllowed) {
        throw values.error("name", "1 to 64 letters, digits, spaces, '.', '_' or '-'")
    }
    return String(decoding: name, as: UTF8.self)
}

private func checkedBuckets(_ values: ManifestValues, _ sections: Set<String>) throws -> [String: [String]] {
    var buckets: [String: [String]] = [:]
    for key in values.keys {
        if !staticEngines.contains(key.description) { throw EdgeError("the manifest has buckets of '\(shown(key))'") }
        let names = try values.list(key).compactMap(bucketName)
        let isWhole = try names.count == values.list(key).count
        if !isWhole || !(1...mostBuckets).contains(names.count) || Set(names).count < names.count {
            throw values.error(key, "1 to \(mostBuckets) different names like encode_64")
        }
        buckets[key.description] = names
    }
    for engine in staticEngines where sections.contains("model:\(engine)") && buckets[engine] == nil {
        throw EdgeError("the manifest has no buckets of \(engine)")
    }
    return buckets
}

/// The name if it is an entry point and its sizes.
private func bucketName(_ value: JsonValue) -> String? {
    guard case .text(let name) = value, name.bytes.count <= 64 else { return nil }
    let parts = name.bytes.split(separator: UInt8(ascii: "_"), omittingEmptySubsequences: false)
    let isSize = { (size: ArraySlice<UInt8>) in
        !size.isEmpty && size.allSatisfy(isDigit) && (size.count == 1 || size.first != UInt8(ascii: "0"))
    }
    let isBucket = sizes[ByteText(parts[0]).description] == parts.count - 1 && parts.dropFirst().allSatisfy(isSize)
    return isBucket ? name.description : nil
}

private func checkedTolerances(_ golden: ManifestValues) throws -> [String: Double] {
    if !golden.has("tolerances") { return [:] }
    let values = try golden.object("tolerances")
    let pairs = try values.keys.map { ($0.description, try values.number($0, tolerances)) }
    return Dictionary(pairs) { first, _ in first }
}

private func checkRuntimes(_ values: ManifestValues) throws {
    if !values.has("runtimes") { return }
    let runtimes = try values.object("runtimes")
    for engine in runtimes.keys {
        if !engineNames.contains(engine.description) {
            throw EdgeError("the manifest has a runtime of '\(shown(engine))'")
        }
        try runtimes.checkText(engine)
    }
}

private func checkProvenance(_ provenance: ManifestValues) throws {
    for key in ["run", "weights", "protocol", "code"] as [ByteText] where provenance.has(key) {
        try provenance.checkText(key)
    }
    if !provenance.has("dataset") { return }
    let dataset = try provenance.object("dataset")
    for key in ["name", "fingerprint"] as [ByteText] where dataset.has(key) { try dataset.checkText(key) }
    for key in ["users", "items"] as [ByteText] where dataset.has(key) { _ = try dataset.count(key) }
    if dataset.has("files") {
        let files = try dataset.object("files")
        for key in files.keys { try files.checkText(key) }
    }
    if dataset.has("rows") {
        let rows = try dataset.object("rows")
        for key in rows.keys { _ = try rows.count(key) }
    }
}
