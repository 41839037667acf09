/// Adding and subtracting it rounds a number below 2^22 to the nearest whole number, halves to even, in vectors too.
let rounding: Float = 0x1.8p23

/// Writes the levels of a row minus its zero point, and returns its scale (ENGINE.md, "Integers").
func quantise(_ row: UnsafePointer<Float>, _ count: Int, into levels: UnsafeMutablePointer<Float>) -> Float {
    var low: Float = 0
    var high: Float = 0
    for index in 0..<count {
        low = min(low, row[index])
        high = max(high, row[index])
    }
    let step = max((high - low) / 255, nearZero)
    let zero = min(max(-128 - low / step + rounding - rounding, -128), 127)
    let inverse = 1 / step
    for index in 0..<count {
        let level = row[index] * inverse + rounding - rounding + zero
        levels[index] = min(max(level, -128), 127) - zero
    }
    return step
}
