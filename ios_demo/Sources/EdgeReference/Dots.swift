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

private func eight(_ values: UnsafePointer<Float>) -> SIMD8<Float> {
    UnsafeRawPointer(values).loadUnaligned(as: SIMD8<Float>.self)
}
