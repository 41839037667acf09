import EdgeCharacters

private let expectedSha256 = "9d3918025c046684b0c1de5e670e050b42f6a344e04e768b32bc91e6697baa8f"

/// `characters.json`, the tables of SPEC.md, section 5; the platform's Unicode data is never used.
struct CharacterTable: Sendable {
    let removed: CodePoints
    let spaces: CodePoints
    let ideographs: CodePoints
    let dropped: CodePoints
    let walls: CodePoints
    let punctuation: CodePoints
    private let folded: [UInt32: [UInt8]]
    private let order: [UInt32: Int]

    /// Read once, when a text is first normalised.
    static let shared = Result { try CharacterTable(charactersJson) }

    init(_ json: [UInt8]) throws {
        guard hex(sha256(json)) == expectedSha256, case .object(let tables) = try JsonReader.readStrictly(json) else {
            throw EdgeError("characters.json is not that of this version", fix: "build the package again from its sources")
        }
        removed = CodePoints(ranges(tables["removed"]))
        spaces = CodePoints(ranges(tables["spaces"]))
        ideographs = CodePoints(ranges(tables["ideographs"]))
        dropped = CodePoints(ranges(tables["dropped"]))
        walls = CodePoints(ranges(tables["walls"]))
        punctuation = CodePoints(ranges(tables["punctuation"]))
        folded = replacements(tables["folded"])
        order = groups(tables["order"])
    }

    /// What replaces a code point in lower case, or nil.
    func fold(_ point: UInt32) -> [UInt8]? { folded[point] }

    /// The index of a mark's group, or nil.
    func group(_ point: UInt32) -> Int? { order[point] }
}

private func elements(_ value: JsonValue?) -> [JsonValue] {
    if case .list(let values) = value { return values }
    return []
}

private func ranges(_ value: JsonValue?) -> [ClosedRange<UInt32>] {
    elements(value).map { range in
        let ends = elements(range).map { UInt32($0.double ?? 0) }
        return ends[0]...ends[1]
    }
}

private func replacements(_ value: JsonValue?) -> [UInt32: [UInt8]] {
    guard case .object(let table) = value else { return [:] }
    var replacements: [UInt32: [UInt8]] = [:]
    for (key, value) in zip(table.keys, table.values) {
        if case .text(let text) = value { replacements[UInt32(key.description, radix: 16) ?? 0] = text.bytes }
    }
    return replacements
}

private func groups(_ value: JsonValue?) -> [UInt32: Int] {
    var groups: [UInt32: Int] = [:]
    for (index, group) in elements(value).enumerated() {
        for range in ranges(group) {
            for point in range { groups[point] = index }
        }
    }
    return groups
}
