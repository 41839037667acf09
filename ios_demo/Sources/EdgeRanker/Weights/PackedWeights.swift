/// The tensors of a `weights.bin` in their order (FORMAT.md).
package struct PackedWeights: Sendable {
    package let tensors: [Tensor]
    private let places: [ByteText: Int]

    /// Of a bundle without weights.
    static let none = PackedWeights([])

    init(_ tensors: [Tensor]) {
        self.tensors = tensors
        places = Dictionary(tensors.enumerated().map { ($0.element.name, $0.offset) }) { first, _ in first }
    }

    /// Errors: the file is damaged, or declares too much.
    init(reading data: [UInt8]) throws {
        let header = try WeightsHeader(data)
        var signs = try Signs(data, begin: header.end, count: header.tensors.reduce(0) { $0 + $1.nonzero })
        var decoder = try StreamDecoder(data, begin: signs.end, lanes: header.lanes)
        var floats: [ByteText: [Float]] = [:]
        var tensors: [Tensor] = []
        for entry in header.tensors {
            let values: Tensor.Values
            switch entry.kind {
            case .constant: values = .floats(Array(repeating: Float(entry.value), count: Int(entry.count)))
            case .floats: values = .floats(try decodedFloats(entry, &decoder))
            case .integers: values = .integers(try decodedIntegers(entry, floats[entry.scale] ?? [], &decoder, &signs))
            }
            if case .floats(let decoded) = values { floats[entry.name] = decoded }
            tensors.append(Tensor(name: entry.name, shape: entry.shape, values: values))
        }
        try decoder.close()
        self.init(tensors)
    }

    subscript(name: ByteText) -> Tensor? { places[name].map { tensors[$0] } }

    /// The tensor of an ASCII name.
    package func tensor(_ name: String) -> Tensor? { self[ByteText(name)] }

    /// Values of all tensors together.
    var count: Int { tensors.reduce(0) { $0 + $1.count } }
}

/// The signs of all non-zeros, in order.
private struct Signs {
    private let data: [UInt8]
    private let begin: Int
    private var next = 0
    let end: Int

    init(_ data: [UInt8], begin: Int, count: Int) throws {
        let bytes = (count + 7) / 8
        if bytes > data.count - begin { throw EdgeError("the packed weights are truncated") }
        self.data = data
        self.begin = begin
        end = begin + bytes
        let padding = UInt8((1 << (bytes * 8 - count)) - 1)
        if bytes > 0 && data[end - 1] & padding != 0 { throw EdgeError("the packed weights are damaged") }
    }

    mutating func isNegative() -> Bool {
        let at = next
        next += 1
        return data[begin + at / 8] >> UInt8(7 - at % 8) & 1 == 1
    }
}

private func decodedFloats(_ entry: TensorHeader, _ decoder: inout StreamDecoder) throws -> [Float] {
    var bits = [UInt32](repeating: 0, count: Int(entry.count))
    for plane in stride(from: 3, through: 4 - entry.planes, by: -1) {
        let contexts: [UInt8] = bits.map { plane < 3 && $0 == 0 ? 1 : 0 }
        let symbols = try decoder.take(contexts, contextCount: 2, alphabet: 256)
        for index in bits.indices { bits[index] |= UInt32(symbols[index]) << UInt32(8 * plane) }
    }
    let values = bits.map { Float(bitPattern: $0) }
    if values.contains(where: { !$0.isFinite }) { throw damaged(entry) }
    return values
}

private func decodedIntegers(
    _ entry: TensorHeader, _ scales: [Float], _ decoder: inout StreamDecoder, _ signs: inout Signs
) throws -> [Int8] {
    let contexts = [UInt8](repeating: 0, count: Int(entry.count + 3) / 4)
    let mask = try decoder.take(contexts, contextCount: 1, alphabet: 16)
    var places: [Int] = []
    places.reserveCapacity(entry.nonzero)
    for index in 0..<4 * mask.count where mask[index / 4] >> UInt8(3 - index % 4) & 1 == 1 { places.append(index) }
    if places.count != entry.nonzero || (places.last ?? 0) >= Int(entry.count) { throw damaged(entry) }
    let classes = rowClasses(scales, entry.classes)
    let columns = entry.shape[1]
    let levels = try decoder.take(
        places.map { classes[$0 / columns] }, contextCount: entry.classes, alphabet: max(entry.largest, 1))
    var values = [Int8](repeating: 0, count: Int(entry.count))
    for (place, level) in zip(places, levels) {
        let magnitude = Int8(level + 1)
        values[place] = signs.isNegative() ? -magnitude : magnitude
    }
    return values
}

/// Rows by their scales, equal ones by their places, in classes; floats compare 0 and -0 as equal.
private func rowClasses(_ scales: [Float], _ classes: Int) -> [UInt8] {
    var result = [UInt8](repeating: 0, count: scales.count)
    let ordered = scales.indices.sorted { (scales[$0], $0) < (scales[$1], $1) }
    for (rank, row) in ordered.enumerated() { result[row] = UInt8(rank * classes / scales.count) }
    return result
}

private func damaged(_ entry: TensorHeader) -> EdgeError {
    EdgeError("the packed weights are damaged", evidence: "tensor '\(shown(entry.name))'")
}
