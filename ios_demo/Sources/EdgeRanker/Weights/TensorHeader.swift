private let keys: [ByteText] = ["name", "kind", "shape", "value", "nonzero", "largest", "planes", "classes"]
let mostValues: Int64 = 1 << 26
private let nonzeroPerClass = 256

/// What the header of a `weights.bin` says of a tensor (FORMAT.md, "The file").
struct TensorHeader {
    enum Kind { case integers, floats, constant }

    let name: ByteText
    let kind: Kind
    let shape: [Int]
    let value: Double
    let nonzero: Int
    let largest: Int
    let planes: Int
    let classes: Int

    /// Of the tensor of scales that comes before it.
    var scale: ByteText {
        let suffix = Array("weight".utf8)
        let stem = name.bytes.suffix(suffix.count) == suffix[...] ? name.bytes.dropLast(suffix.count) : name.bytes[...]
        return ByteText(Array(stem) + Array("scale".utf8))
    }

    /// Limited, so that no product of extents overflows.
    var count: Int64 { shape.reduce(1) { min($0 * Int64($1), mostValues + 1) } }

    /// Of all its streams.
    var symbols: Int64 {
        switch kind {
        case .integers: (count + 3) / 4 + Int64(nonzero)
        case .floats: Int64(planes) * count
        case .constant: 0
        }
    }

    /// Errors: other keys, or values that are not of their kind.
    init(_ value: JsonValue) throws {
        guard case .object(let entry) = value, entry.keys.allSatisfy({ keys.contains($0) }) else {
            throw damagedHeader("the keys of a tensor")
        }
        guard case .text(let name) = entry["name"] else { throw damagedHeader("the name of a tensor") }
        let kinds: [ByteText: Kind] = ["integers": .integers, "floats": .floats, "constant": .constant]
        guard case .text(let named) = entry["kind"], let kind = kinds[named] else {
            throw damagedHeader("the kind of a tensor")
        }
        guard case .list(let extents) = entry["shape"] else { throw damagedHeader("the shape of a tensor") }
        self.name = name
        self.kind = kind
        shape = try extents.map { try integer($0, 1...mostValues) }
        self.value = try entry["value"].map { try finite($0) } ?? 0
        nonzero = try entry["nonzero"].map { try integer($0, 0...mostValues) } ?? 0
        largest = try entry["largest"].map { try integer($0, 0...mostValues) } ?? 0
        planes = try entry["planes"].map { try integer($0, 0...mostValues) } ?? 4
        classes = try entry["classes"].map { try integer($0, 0...mostValues) } ?? 1
    }

    /// Whether its values agree with each other and with the scales that must come before it.
    func isSound(after earlier: [ByteText: TensorHeader]) -> Bool {
        if !(1...4).contains(shape.count) || count > mostValues || earlier[name] != nil { return false }
        let isInteger = nonzero > 0 || largest > 0 || classes != 1
        switch kind {
        case .constant: return !isInteger && planes == 4
        case .floats: return !isInteger && value == 0 && (1...4).contains(planes)
        case .integers: return value == 0 && planes == 4 && shape.count == 2 && areSoundIntegers(earlier[scale])
        }
    }

    private func areSoundIntegers(_ scales: TensorHeader?) -> Bool {
        guard let scales, scales.kind != .integers, scales.shape == [shape[0]] else { return false }
        let isPower = (2...64).contains(classes) && classes & (classes - 1) == 0
        let hasClasses = classes == 1 || (isPower && classes * nonzeroPerClass <= nonzero)
        return hasClasses && Int64(nonzero) <= count && largest <= 127 && (nonzero > 0) == (largest > 0)
    }
}

func damagedHeader(_ what: String) -> EdgeError {
    EdgeError("the header of the packed weights is damaged", evidence: what, fix: "export the bundle again")
}

private func integer(_ value: JsonValue, _ range: ClosedRange<Int64>) throws -> Int {
    guard case .integer(let integer) = value, range.contains(integer) else { throw damagedHeader("a number of a tensor") }
    return Int(integer)
}

private func finite(_ value: JsonValue) throws -> Double {
    guard let number = value.double, abs(number) <= Double(Float.greatestFiniteMagnitude) else {
        throw damagedHeader("the value of a tensor")
    }
    return number
}
