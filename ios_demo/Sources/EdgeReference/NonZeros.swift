import EdgeRanker

/// Rows that are multiplied at once.
let tileRows = 8

/// How many products are summed in float32: each is at most 255 * 128, so the sum stays below 2^24 and is exact.
private let exactTogether = 512

/// The integers of a matrix that are not 0, output by output: without the others, a sum of products is the same.
struct NonZeros {
    private let columns: [UInt16]
    private let values: [Int8]
    private let ends: [Int]  // by output

    /// Errors: the matrix has more inputs than there are numbers for.
    init(_ name: String, _ integers: [Int8], outputs: Int, inputs: Int) throws {
        if inputs > Int(UInt16.max) + 1 {
            throw EdgeError("\(name) has \(inputs) inputs, \(Int(UInt16.max) + 1) at most")
        }
        let count = integers.count { $0 != 0 }
        var (columns, values, ends): ([UInt16], [Int8], [Int]) = ([], [], [])
        columns.reserveCapacity(count)
        values.reserveCapacity(count)
        for output in 0..<outputs {
            for column in 0..<inputs where integers[output * inputs + column] != 0 {
                columns.append(UInt16(column))
                values.append(integers[output * inputs + column])
            }
            ends.append(columns.count)
        }
        (self.columns, self.values, self.ends) = (columns, values, ends)
    }

    /// The sums of each output for each row of a tile: exact in integers, then rounded to float32.
    func multiply(_ tile: UnsafePointer<Float>, _ use: (_ output: Int, _ sums: SIMD8<Float>) -> Void) {
        var begin = 0
        for (output, end) in ends.enumerated() {
            use(output, dots(tile, columns, values, begin..<end))
            begin = end
        }
    }
}

private func dots(
    _ tile: UnsafePointer<Float>, _ columns: UnsafePointer<UInt16>, _ values: UnsafePointer<Int8>, _ range: Range<Int>
) -> SIMD8<Float> {
    if range.count <= exactTogether { return exactDots(tile, columns, values, range) }
    var sums = SIMD8<Int32>()
    for begin in stride(from: range.lowerBound, to: range.upperBound, by: exactTogether) {
        let part = begin..<min(begin + exactTogether, range.upperBound)
        sums &+= SIMD8<Int32>(exactDots(tile, columns, values, part))
    }
    return SIMD8<Float>(sums)
}

/// Two sums at once, because each addition to a sum waits for the one before.
private func exactDots(
    _ tile: UnsafePointer<Float>, _ columns: UnsafePointer<UInt16>, _ values: UnsafePointer<Int8>, _ range: Range<Int>
) -> SIMD8<Float> {
    var (even, odd) = (SIMD8<Float>(), SIMD8<Float>())
    var index = range.lowerBound
    while index + 2 <= range.upperBound {
        even += levels(tile, columns[index]) * Float(values[index])
        odd += levels(tile, columns[index + 1]) * Float(values[index + 1])
        index += 2
    }
    if index < range.upperBound { even += levels(tile, columns[index]) * Float(values[index]) }
    return even + odd
}

/// Those of a column, one for each row of the tile.
private func levels(_ tile: UnsafePointer<Float>, _ column: UInt16) -> SIMD8<Float> {
    UnsafeRawPointer(tile + tileRows * Int(column)).loadUnaligned(as: SIMD8<Float>.self)
}
