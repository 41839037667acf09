/// How a model's file holds a tensor (FORMAT.md, "Holes").
enum Form: String, CaseIterable, Sendable {
    case rows, nibbles, mask, nonzeros, sums, float32, float16
    case columnsPlus128 = "columns+128"
    case nonzeroNibbles = "nonzero-nibbles"
}

/// The bytes of a tensor in a form. Errors: a tensor of this type does not have it.
func bytes(of tensor: Tensor, in form: Form) throws -> [UInt8] {
    switch (tensor.values, form) {
    case (.integers(let values), .rows): return values.map { UInt8(bitPattern: $0) }
    case (.integers(let values), .columnsPlus128): return columns(values, tensor.rows, tensor.columns)
    case (.integers(let values), .nibbles): return nibbles(values)
    case (.integers(let values), .mask): return mask(values)
    case (.integers(let values), .nonzeros): return values.filter { $0 != 0 }.map { UInt8(bitPattern: $0) }
    case (.integers(let values), .nonzeroNibbles): return nibbles(values.filter { $0 != 0 })
    case (.integers(let values), .sums): return sums(values, tensor.rows, tensor.columns)
    case (.floats(let values), .float32): return littleEndian(values.map(\.bitPattern), width: 4)
    case (.floats(let values), .float16): return littleEndian(values.map { UInt32(halfBits($0)) }, width: 2)
    default:
        let problem = "a hole has the form '\(form.rawValue)', which its tensor does not have"
        throw EdgeError(problem, evidence: shown(tensor.name))
    }
}

private func columns(_ values: [Int8], _ rows: Int, _ columns: Int) -> [UInt8] {
    var result = [UInt8](repeating: 0, count: values.count)
    for row in 0..<rows {
        for column in 0..<columns {
            result[column * rows + row] = UInt8(bitPattern: values[row * columns + column]) &+ 128
        }
    }
    return result
}

private func nibbles(_ values: [Int8]) -> [UInt8] {
    stride(from: 0, to: values.count, by: 2).map { index in
        let high = index + 1 < values.count ? UInt8(bitPattern: values[index + 1]) & 15 : 0
        return UInt8(bitPattern: values[index]) & 15 | high << 4
    }
}

private func mask(_ values: [Int8]) -> [UInt8] {
    var result = [UInt8](repeating: 0, count: (values.count + 7) / 8)
    for (index, value) in values.enumerated() where value != 0 { result[index / 8] |= 1 << UInt8(index % 8) }
    return result
}

private func sums(_ values: [Int8], _ rows: Int, _ columns: Int) -> [UInt8] {
    let sums = (0..<rows).map { row in
        Float(values[row * columns..<(row + 1) * columns].reduce(0) { $0 + Int($1) }).bitPattern
    }
    return littleEndian(sums, width: 4)
}

/// The lowest bytes of integers.
private func littleEndian(_ values: [UInt32], width: Int) -> [UInt8] {
    var result: [UInt8] = []
    result.reserveCapacity(values.count * width)
    for value in values {
        for byte in 0..<width { result.append(UInt8(truncatingIfNeeded: value >> UInt32(8 * byte))) }
    }
    return result
}
