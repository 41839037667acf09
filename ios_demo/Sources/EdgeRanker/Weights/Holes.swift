private let mostFilled = 8

/// At `offset` of the whole file stands a tensor in a form (FORMAT.md, "Holes").
struct Hole: Sendable {
    let offset: Int
    let tensor: ByteText
    let form: Form
}

/// Gives the whole file of `size` bytes in pieces. Errors: holes out of order, unknown tensors or forms, another size.
func fill(
    _ rest: [UInt8], _ holes: [Hole], _ weights: PackedWeights, size: Int, _ piece: (ArraySlice<UInt8>) throws -> Void
) throws {
    var produced = 0
    var used = 0
    var filled = 0
    for hole in holes {
        let between = hole.offset - produced
        guard let tensor = weights[hole.tensor], between >= 0, between <= rest.count - used else {
            throw EdgeError("a hole at byte \(hole.offset) cannot be filled", evidence: shown(hole.tensor))
        }
        filled += tensor.count
        if filled > mostFilled * weights.count {
            throw EdgeError("its holes hold the weights more than \(mostFilled) times over")
        }
        try piece(rest[used..<used + between])
        used += between
        let content = try bytes(of: tensor, in: hole.form)
        produced = hole.offset + content.count
        if produced > size { throw EdgeError("its holes hold more than the \(size) bytes that it declares") }
        try piece(content[...])
    }
    if produced + rest.count - used != size { throw EdgeError("it is not \(size) bytes long, as it declares") }
    try piece(rest[used...])
}
