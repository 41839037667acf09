/// Products of rows, in loops that compilers turn into vector instructions.

/// Of two rows of float32.
func dot(_ left: UnsafePointer<Float>, _ right: UnsafePointer<Float>, _ count: Int) -> Float {
    var sums = SIMD8<Float>()
    var index = 0
    while index + 8 <= count {
        sums += eight(left + index) * eight(right + index)
        index += 8
    }
    var sum = sums.sum()
    while index < count {
        sum += left[index] * right[index]
        index += 1
    }
    return sum
}

/// Adds a row, times `share`, to another row.
func blend(_ target: UnsafeMutablePointer<Float>, _ row: UnsafePointer<Float>, _ count: Int, _ share: Float) {
    for index in 0..<count { target[index] += share * row[index] }
}

/// Of four rows of levels, one after another in memory, with a row of integers; exact.
func dots(_ levels: UnsafePointer<Float>, _ integers: UnsafePointer<Int8>, _ count: Int) -> SIMD4<Int32> {
    var sums = SIMD4<Int32>()
    for begin in stride(from: 0, to: count, by: exactTogether) {
        let part = dots(levels, integers, count, begin..<min(begin + exactTogether, count))
        sums &+= SIMD4(Int32(part[0]), Int32(part[1]), Int32(part[2]), Int32(part[3]))
    }
    return sums
}

/// How many products are summed in float32: each is at most 255 * 128, so the sum stays below 2^24 and is exact.
private let exactTogether = 512

private func dots(
    _ levels: UnsafePointer<Float>, _ integers: UnsafePointer<Int8>, _ count: Int, _ columns: Range<Int>
) -> SIMD4<Float> {
    let (second, third, fourth) = (levels + count, levels + 2 * count, levels + 3 * count)
    var (a, b, c, d) = (SIMD8<Float>(), SIMD8<Float>(), SIMD8<Float>(), SIMD8<Float>())
    var index = columns.lowerBound
    while index + 8 <= columns.upperBound {
        let weights = eight(integers + index)
        a += eight(levels + index) * weights
        b += eight(second + index) * weights
        c += eight(third + index) * weights
        d += eight(fourth + index) * weights
        index += 8
    }
    var sums = SIMD4(a.sum(), b.sum(), c.sum(), d.sum())
    while index < columns.upperBound {
        sums += SIMD4(levels[index], second[index], third[index], fourth[index]) * Float(integers[index])
        index += 1
    }
    return sums
}

private func eight(_ values: UnsafePointer<Float>) -> SIMD8<Float> {
    UnsafeRawPointer(values).loadUnaligned(as: SIMD8<Float>.self)
}

private func eight(_ integers: UnsafePointer<Int8>) -> SIMD8<Float> {
    SIMD8<Float>(
        Float(integers[0]), Float(integers[1]), Float(integers[2]), Float(integers[3]), Float(integers[4]), Float(integers[5]),
        Float(integers[6]), Float(integers[7]))
}
