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

/// Adds a share of a row to another one.
func blend(_ target: UnsafeMutablePointer<Float>, _ row: UnsafePointer<Float>, _ count: Int, _ share: Float) {
    for index in 0..<count { target[index] += share * row[index] }
}

/// Of four rows of levels, one behind the other, with a row of integers; exact.
func dots(_ levels: UnsafePointer<Int16>, _ integers: UnsafePointer<Int8>, _ count: Int) -> SIMD4<Int32> {
    let (second, third, fourth) = (levels + count, levels + 2 * count, levels + 3 * count)
    var sums: (Int32, Int32, Int32, Int32) = (0, 0, 0, 0)
    for index in 0..<count {
        let integer = Int32(integers[index])
        sums.0 &+= Int32(levels[index]) &* integer
        sums.1 &+= Int32(second[index]) &* integer
        sums.2 &+= Int32(third[index]) &* integer
        sums.3 &+= Int32(fourth[index]) &* integer
    }
    return SIMD4(sums.0, sums.1, sums.2, sums.3)
}

/// Of one row.
func dot(_ levels: UnsafePointer<Int16>, _ integers: UnsafePointer<Int8>, _ count: Int) -> Int32 {
    var sum: Int32 = 0
    for index in 0..<count { sum &+= Int32(levels[index]) &* Int32(integers[index]) }
    return sum
}

private func eight(_ values: UnsafePointer<Float>) -> SIMD8<Float> {
    UnsafeRawPointer(values).loadUnaligned(as: SIMD8<Float>.self)
}
