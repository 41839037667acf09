/// Writes the levels of a row less its zero, and gives the step between them (ENGINE.md, "Integers").
func quantise(_ row: UnsafePointer<Float>, _ count: Int, into levels: UnsafeMutablePointer<Int16>) -> Float {
    var low: Float = 0
    var high: Float = 0
    for index in 0..<count {
        low = min(low, row[index])
        high = max(high, row[index])
    }
    let step = max((high - low) / 255, nearZero)
    let zero = min(max((-128 - low / step).rounded(.toNearestOrEven), -128), 127)
    let inverse = 1 / step
    for index in 0..<count {
        let level = (row[index] * inverse).rounded(.toNearestOrEven) + zero
        levels[index] = Int16(min(max(level, -128), 127) - zero)
    }
    return step
}
